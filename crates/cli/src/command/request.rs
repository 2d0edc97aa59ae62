//! `membrane request`: a call to an app with a connection's credential.

use std::io::{IsTerminal, Write};

use http_body_util::BodyExt;
use membrane_model::{ErrorCode, Fault};
use serde_json::{Map, Value, json};

use crate::engine::{running_or_started, told};
use crate::failure::{internal, wrong_use};
use crate::input;
use crate::out::Out;

/// The most that is sent, in bytes; the API takes larger bodies.
const DATA_MAX: usize = 1000 * 1000;

#[derive(clap::Args)]
pub(crate) struct Request {
    /// The connection's id or key, or its app's key
    connection: String,
    /// A path below the app's API, or a whole address of one of the app's hosts
    path: String,
    /// The HTTP method; GET, or POST where there is data
    #[arg(long, short = 'X', value_name = "METHOD")]
    method: Option<String>,
    /// A header, like "Accept: text/csv"; may be given several times
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The body; sent as JSON if it is JSON. @FILE reads a file, @- standard input
    #[arg(long, short = 'd', value_name = "DATA", conflicts_with = "raw_data")]
    data: Option<String>,
    /// The body, sent as it is; @FILE reads a file, @- standard input
    #[arg(long = "rawData", value_name = "DATA")]
    raw_data: Option<String>,
    /// A parameter of the query; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    query: Vec<String>,
    /// The value of a {slot} in the path; may be given several times
    #[arg(long = "pathParam", value_name = "NAME=VALUE")]
    path_params: Vec<String>,
}

pub(super) async fn run(request: Request, out: &Out) -> Result<(), Fault> {
    let call = request.read(out.json)?;
    let client = running_or_started().await?;
    let answer = told(client.call_app(&request.connection, &call).await)?;
    let status = answer.status();
    let mut body = answer.into_body();
    let broken = |error: &dyn std::fmt::Display| internal(&format!("the app's answer broke off: {error}"));
    if out.json {
        let bytes = body.collect().await.map_err(|error| broken(&error))?.to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        out.document(&serde_json::from_slice(&bytes).unwrap_or_else(|_| text()));
    } else {
        let mut stdout = std::io::stdout().lock();
        let mut ended = true;
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() {
                ended = data.ends_with(b"\n");
                if stdout.write_all(&data).is_err() {
                    // Whoever reads has seen enough.
                    return Ok(());
                }
            }
        }
        if !ended && stdout.is_terminal() {
            let _written = stdout.write_all(b"\n");
        }
        let _written = stdout.flush();
    }
    if status.is_success() {
        return Ok(());
    }
    Err(Fault::new(ErrorCode::ProviderError, format!("the app answered {}", status.as_u16()))
        .hint("Its own answer is printed above, on standard output."))
}

impl Request {
    fn read(&self, json: bool) -> Result<Value, Fault> {
        let mut headers = Map::new();
        for header in &self.headers {
            let pair = header.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
            let (name, value) = pair.filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                wrong_use(format!("{header:?} is no header"), "Write a name and a value: -H \"Accept: text/csv\"")
            })?;
            headers.insert(name.to_owned(), json!(value));
        }
        let typed = headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        let data = match (&self.data, &self.raw_data) {
            (Some(data), _) => {
                let text = content(data)?;
                match serde_json::from_str::<Value>(&text) {
                    Ok(value) if !typed => Some(value),
                    Err(error) if json => {
                        return Err(wrong_use(
                            format!("the data is no JSON: {error}"),
                            "Mend it, or send it with --rawData.",
                        ));
                    }
                    Ok(_) | Err(_) => Some(plain(text, typed, &mut headers)),
                }
            }
            (None, Some(data)) => Some(plain(content(data)?, typed, &mut headers)),
            (None, None) => None,
        };
        let values = pairs("--pathParam", &self.path_params)?;
        if let Some(slot) = slots(&self.path).find(|slot| !values.contains_key(*slot)) {
            return Err(wrong_use(
                format!("{{{slot}}} in the path has no value"),
                format!("Give it: --pathParam {slot}=VALUE"),
            ));
        }
        let method = self.method.as_deref().unwrap_or(if data.is_some() { "POST" } else { "GET" });
        Ok(json!({
            "path": self.path,
            "method": method,
            "headers": headers,
            "query": pairs("--query", &self.query)?,
            "pathParameters": values,
            "data": data,
        }))
    }
}

/// Returns the names of the `{slots}` in a path.
fn slots(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

fn plain(text: String, typed: bool, headers: &mut Map<String, Value>) -> Value {
    if !typed {
        headers.insert("Content-Type".to_owned(), json!("text/plain; charset=utf-8"));
    }
    Value::String(text)
}

/// Reads a body as it is given: itself, a file's name behind `@`, or `@-` for standard input.
fn content(data: &str) -> Result<String, Fault> {
    let text = match data.strip_prefix('@') {
        None => data.to_owned(),
        Some(file) => input::read_all(std::path::Path::new(file))?,
    };
    if text.len() > DATA_MAX {
        return Err(wrong_use("the data is larger than 1 MB", "Send it with the API: docs/proxy.md says how."));
    }
    Ok(text)
}

/// Reads `name=value`, several of one name as a list.
fn pairs(option: &str, texts: &[String]) -> Result<Map<String, Value>, Fault> {
    let mut all: Map<String, Value> = Map::new();
    for text in texts {
        let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, value) = pair.ok_or_else(|| {
            wrong_use(format!("{text:?} is no pair"), format!("Write a name and a value: {option} name=value"))
        })?;
        match all.get_mut(name) {
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(first) => *first = json!([first.clone(), value]),
            None => drop(all.insert(name.to_owned(), json!(value))),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        request: Request,
    }

    fn read(arguments: &[&str]) -> Result<Value, String> {
        let line = [&["request", "acme", "/users"], arguments].concat();
        Line::try_parse_from(line).unwrap().request.read(false).map_err(|fault| fault.message)
    }

    #[test]
    fn options_become_a_call() {
        let call = read(&["--query", "a=1=2", "--query", "a=3", "--pathParam", "id=x", "-H", "X-A: b:c"]).unwrap();
        assert_eq!(
            call,
            json!({
                "path": "/users", "method": "GET", "headers": { "X-A": "b:c" }, "query": { "a": ["1=2", "3"] },
                "pathParameters": { "id": "x" }, "data": null,
            })
        );
    }

    #[test]
    fn data_is_json_when_it_is_and_text_otherwise() {
        let call = read(&["-d", "{\"a\": 1}"]).unwrap();
        assert_eq!((&call["method"], &call["data"]), (&json!("POST"), &json!({ "a": 1 })));
        let call = read(&["-d", "a=1"]).unwrap();
        assert_eq!(
            (&call["data"], &call["headers"]["Content-Type"]),
            (&json!("a=1"), &json!("text/plain; charset=utf-8"))
        );
        let call = read(&["-X", "PUT", "-H", "content-type: text/csv", "--rawData", "1"]).unwrap();
        assert_eq!((&call["method"], &call["data"]), (&json!("PUT"), &json!("1")));
    }

    #[test]
    fn what_is_no_pair_is_told() {
        assert!(read(&["--query", "a"]).unwrap_err().contains("no pair"));
        let line = Line::try_parse_from(["request", "acme", "/users/{id}"]).unwrap();
        assert!(line.request.read(false).unwrap_err().message.contains("{id} in the path has no value"));
        assert!(read(&["-H", "a"]).unwrap_err().contains("no header"));
        assert!(read(&["-d", "@/no/such/file"]).unwrap_err().contains("failed to read"));
    }
}
