//! The `membrane` command: a thin client of the engine, and its host where there is no desktop.

mod args;
mod browser;
mod command;
#[cfg(test)]
mod docs;
mod engine;
mod failure;
mod headless;
mod input;
mod out;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::out::Out;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return failure::usage(&error),
    };
    let out = Out::new(args.json);
    let runtime = match args.command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build(),
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build(),
    };
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&out, &failure::internal(&error)),
    };
    match runtime.block_on(command::run(args.command, &out)) {
        Ok(code) => code,
        Err(fault) => failure::report(&out, &fault),
    }
}
