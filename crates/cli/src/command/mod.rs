//! One file per noun of the command line.

mod account;
pub(crate) mod act;
mod app;
mod client;
mod connect;
mod connection;
mod connection_request;
mod console;
mod doctor;
mod events;
mod integration;
mod man;
mod mcp;
mod origin;
pub(crate) mod request;
mod sandbox;
mod search;
mod status;
mod token;
mod vault;
pub(crate) mod webhook;

use std::process::ExitCode;

use clap::CommandFactory;
use membrane_model::Fault;

use crate::args::{Args, Command};
use crate::out::Out;
use crate::{engine, headless};

/// Runs a command.
pub(crate) async fn run(command: Command, out: &Out) -> Result<ExitCode, Fault> {
    match command {
        Command::Connect(connect) => connect::run(connect, out).await?,
        Command::Connection(connection) => connection::run(connection, out).await?,
        Command::ConnectionRequest(request) => connection_request::run(request, out).await?,
        Command::Integration(integration) => integration::run(integration, out).await?,
        Command::ExternalApp(external) => integration::run_external(external, out).await?,
        Command::Act(act) => act::run(act, out).await?,
        Command::Login(login) => account::login(login, out).await?,
        Command::Logout => account::logout()?,
        Command::Credentials(options) => account::credentials(&options, out).await?,
        Command::Events(options) => events::run(options, out).await?,
        Command::Token(options) => token::run(options, out)?,
        Command::Mcp(options) => mcp::run(options, out).await?,
        Command::Man { dir } => man::run(dir.as_deref(), out)?,
        Command::Search { batch: Some(file), .. } => search::batch(&file, out).await?,
        Command::Search { intent, element_type, limit, .. } => {
            search::run(&intent.join(" "), element_type.as_deref(), limit, out).await?;
        }
        Command::App(app) => app::run(app, out).await?,
        Command::Client(client) => client::run(client, out).await?,
        Command::Request(request) => request::run(request, out).await?,
        Command::Webhook(webhook) => webhook::run(webhook, out).await?,
        Command::Origin(origin) => origin::run(origin, out).await?,
        Command::Status => status::run(out).await?,
        Command::Doctor { bundle } => return doctor::run(bundle, out).await,
        Command::Console { print } => console::run(print, out).await?,
        Command::Serve(options) => return headless::serve(options, out).await,
        Command::Stop => status::stop(out).await?,
        Command::Vault(vault) => vault::run(vault, out).await?,
        Command::Sandbox(sandbox) => sandbox::run(sandbox, out).await?,
        Command::Open { url } => {
            let client = engine::running_or_started().await?;
            let screen = engine::told(client.deep_link(&url).await)?;
            out.answer(&serde_json::json!({ "handled": true, "screen": screen }), || "Followed.".to_owned());
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Args::command(), "membrane", &mut std::io::stdout());
        }
    }
    Ok(ExitCode::SUCCESS)
}
