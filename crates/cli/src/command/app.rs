//! `membrane app …`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use membrane_catalog::{App as CatalogApp, Catalog};
use membrane_engine::{Paths, check_app_file, describe, write_app_file};
use membrane_model::{AppKey, AppSummary, ErrorCode, Fault};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::args::App;
use crate::engine::{running, running_or_started, told};
use crate::failure::{internal, wrong_use};
use crate::input;
use crate::out::{Out, Tone, paint};
use crate::table::{Cell, table};

pub(super) async fn run(command: App, out: &Out) -> Result<(), Fault> {
    match command {
        App::List { ready } => list(ready, out),
        App::Show { key } => {
            let detail = detail(&key).await?;
            out.answer(&detail, || sheet(&detail));
            Ok(())
        }
        App::Add { file } => add(&file, out).await,
        App::Export { key, to } => export(&key, to.as_deref(), out),
        App::Client { key, remove: true, .. } => {
            let client = running_or_started().await?;
            let detail = told(client.remove_client(&key).await)?;
            out.answer(&detail, || {
                format!("{} The client of {} is forgotten.", paint(Tone::Good, "✓"), text(&detail, "name"))
            });
            Ok(())
        }
        App::Client { key, client_id, client_secret_file, remove: false } => {
            set_client(&key, client_id, client_secret_file, out).await
        }
    }
}

fn catalog(out: Option<&Out>) -> Result<Catalog, Fault> {
    let (catalog, problems) = Catalog::load(Some(&Paths::resolve()?.apps()), &BTreeMap::new());
    for problem in problems {
        if let Some(out) = out {
            out.note(&format!("{} An app of yours was left out: {problem}", paint(Tone::Busy, "!")));
        }
    }
    Ok(catalog)
}

fn list(ready: bool, out: &Out) -> Result<(), Fault> {
    let catalog = catalog(Some(out))?;
    let wanted = |app: &AppSummary| app.ready || app.mcp || !ready;
    let mut apps: Vec<_> = catalog.apps().map(CatalogApp::summary).filter(wanted).collect();
    apps.sort_by(|a, b| a.key.cmp(&b.key));
    out.answer(&apps, || {
        let rows = apps.iter().map(|app| {
            let needs = match (app.ready, app.mcp) {
                (true, _) => Cell::toned(Tone::Good, "ready"),
                (false, true) => Cell::toned(Tone::Busy, "MCP server only"),
                (false, false) => Cell::toned(Tone::Quiet, "own client"),
            };
            vec![
                Cell::toned(Tone::Strong, &app.name),
                Cell::new(app.key.as_str()),
                needs,
                Cell::toned(Tone::Quiet, app.categories.join(", ")),
            ]
        });
        table(&["APP", "KEY", "TO CONNECT", "CATEGORIES"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

/// Describes an app: with the engine that runs, which knows the person's client; else from the catalog alone.
async fn detail(key: &str) -> Result<Value, Fault> {
    if let Ok(client) = running().await {
        return told(client.app(key).await);
    }
    let catalog = catalog(None)?;
    let found = key.parse::<AppKey>().ok().and_then(|key| catalog.get(&key).map(|app| describe(app, None, None)));
    match found {
        Some(detail) => serde_json::to_value(detail).map_err(|e| internal(&e)),
        None => Err(unknown(&catalog, key)),
    }
}

fn unknown(catalog: &Catalog, key: &str) -> Fault {
    let fault = Fault::new(ErrorCode::UnknownApp, format!("no app is called {key:?}"));
    match catalog.search(key, &[]).items.first() {
        Some(near) => fault.hint(format!("Did you mean {}? `membrane app list` shows all.", near.key)),
        None => fault,
    }
}

/// Prints an app's file as it is, so that what is added from it is the same app.
fn export(key: &str, to: Option<&Path>, out: &Out) -> Result<(), Fault> {
    let own = Paths::resolve()?.apps();
    let catalog = catalog(None)?;
    let found = key.parse::<AppKey>().ok().filter(|key| catalog.get(key).is_some());
    let Some(found) = found else { return Err(unknown(&catalog, key)) };
    let content = Catalog::file(Some(&own), &found)
        .ok_or_else(|| Fault::new(ErrorCode::StorageError, format!("the file of {key} can't be read")))?;
    let Some(to) = to else {
        out.answer(&json!({ "key": key, "text": content }), || content.trim_end().to_owned());
        return Ok(());
    };
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(to);
    written.and_then(|mut file| std::io::Write::write_all(&mut file, content.as_bytes())).map_err(|error| {
        let there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let hint =
            if there { "Name another file, or remove the one that is there." } else { "Check the folder's name." };
        wrong_use(format!("failed to write {}: {error}", to.display()), hint)
    })?;
    out.answer(&json!({ "key": key, "file": to }), || format!("{} Wrote {}.", paint(Tone::Good, "✓"), to.display()));
    Ok(())
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn items(value: &Value, name: &str) -> Vec<Value> {
    value[name].as_array().cloned().unwrap_or_default()
}

fn sheet(detail: &Value) -> String {
    let mut lines = vec![paint(Tone::Strong, &text(detail, "name")), text(detail, "description")];
    for method in items(detail, "authMethods") {
        lines.push(String::new());
        lines.push(format!(
            "{} {}",
            paint(Tone::Strong, &text(&method, "label")),
            paint(Tone::Quiet, &format!("--authMethod {}", text(&method, "key")))
        ));
        match (&method["client"], &method["needsClient"]) {
            (Value::Object(client), _) => {
                let id = client.get("id").and_then(Value::as_str).unwrap_or_default();
                lines.push(format!("  {} Your client is set: {id}", paint(Tone::Good, "✓")));
            }
            (_, Value::Bool(true)) => {
                lines.push(format!("  {}", paint(Tone::Busy, "Needs an OAuth client of your own:")))
            }
            _ => {}
        }
        for (number, step) in items(&method["setup"], "steps").iter().enumerate() {
            lines.push(format!("  {}. {}", number + 1, step.as_str().unwrap_or_default()));
        }
        if let Some(url) = method["setup"]["url"].as_str() {
            lines.push(format!("  {url}"));
        }
        if let Some(redirect) = method["redirectUri"].as_str() {
            lines.push(format!("  Redirect URI: {redirect}"));
        }
        for field in items(&method, "fields") {
            let hint = field["hint"].as_str().map(|hint| format!(" — {hint}")).unwrap_or_default();
            lines.push(format!("  {}: {}{hint}", text(&field, "key"), text(&field, "label")));
        }
    }
    lines.push(String::new());
    lines.push(paint(Tone::Quiet, &format!("membrane connect --integrationKey {}", text(detail, "key"))));
    lines.join("\n")
}

async fn add(file: &Path, out: &Out) -> Result<(), Fault> {
    let content = input::read_all(file)?;
    let name = match file.file_name() {
        Some(name) if file.as_os_str() != "-" => name.to_string_lossy().into_owned(),
        _ => "standard input".to_owned(),
    };
    let summary = match running().await {
        Ok(client) => told(client.add_app(&name, &content).await)?,
        Err(_) => {
            let app = check_app_file(&name, &content)?;
            let paths = Paths::resolve()?;
            write_app_file(&paths, &app.key, &content)?;
            app.summary()
        }
    };
    out.answer(&summary, || {
        format!(
            "{} Added {}. Connect it: membrane connect --integrationKey {}",
            paint(Tone::Good, "✓"),
            summary.name,
            summary.key
        )
    });
    Ok(())
}

async fn set_client(key: &str, id: Option<String>, secret_file: Option<PathBuf>, out: &Out) -> Result<(), Fault> {
    let client = running_or_started().await?;
    let detail = told(client.app(key).await)?;
    let (id, secret) = match (id, secret_file) {
        (Some(id), file) => {
            (id, file.map(|file| input::read_all(&file).map(|text| text.trim().to_owned())).transpose()?)
        }
        (None, Some(_)) if !input::somebody_there() => {
            return Err(wrong_use("the client's id is missing", "Give it with --clientId."));
        }
        // Nobody to ask: how the client is made is told, for whoever reads it.
        (None, None) if out.json || !input::somebody_there() => {
            out.answer(&guide(&detail), || {
                format!("{}\nThen: membrane app client {key} --clientId ID --clientSecretFile FILE", sheet(&detail))
            });
            return Ok(());
        }
        (None, file) => {
            out.note(&sheet(&detail));
            out.note("");
            let id = input::ask("Client id: ")?;
            let secret = match file {
                Some(file) => Some(input::read_all(&file)?.trim().to_owned()),
                None if wants_secret(&detail) => {
                    Some(input::ask_secret("Client secret (empty if it has none): ")?.expose_secret().to_owned())
                }
                None => None,
            };
            (id, secret)
        }
    };
    let secret = secret.filter(|secret| !secret.is_empty()).map(SecretString::from);
    let changed = told(client.set_client(key, &id, secret.as_ref().map(ExposeSecret::expose_secret)).await)?;
    let document = json!({ "key": changed["key"], "clientId": id, "hasSecret": secret.is_some() });
    out.answer(&document, || {
        format!(
            "{} {} uses your client now: membrane connect --integrationKey {key}",
            paint(Tone::Good, "✓"),
            text(&changed, "name")
        )
    });
    Ok(())
}

/// Tells how a client is made: numbered steps, the page, and the redirect URI to paste there.
fn guide(detail: &Value) -> Value {
    let ways = items(detail, "authMethods");
    let ways = ways.iter().filter(|way| way["needsClient"] == json!(true) || !way["redirectUri"].is_null());
    let one = |way: &Value| {
        json!({
            "authMethod": way["key"], "label": way["label"], "steps": way["setup"]["steps"], "url": way["setup"]["url"],
            "redirectUri": way["redirectUri"], "wantsSecret": way["wantsSecret"], "client": way["client"],
        })
    };
    json!({ "key": detail["key"], "name": detail["name"], "ways": ways.map(one).collect::<Vec<_>>() })
}

fn wants_secret(detail: &Value) -> bool {
    items(detail, "authMethods").iter().any(|method| method["wantsSecret"] == json!(true))
}
