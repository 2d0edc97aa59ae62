//! How failures are told: a sentence and what to do, or one JSON document; always an exit code that means something.

use std::process::ExitCode;

use membrane_model::{ErrorCode, Fault};
use serde_json::{Value, json};

use crate::out::{Out, Tone, paint};

/// Tells a failure and returns its exit code.
pub(crate) fn report(out: &Out, fault: &Fault) -> ExitCode {
    let hint = fault.hint.clone().unwrap_or_else(|| fault.code.hint().to_owned());
    if out.json {
        out.error_document(&document(&fault.code.as_str(), &fault.message, &hint, fault.retry_after));
    } else {
        out.note(&format!("{} {}", paint(Tone::Bad, "Error:"), sentence(&fault.message)));
        out.note(&format!("       {hint}"));
    }
    ExitCode::from(fault.code.exit_code())
}

/// Tells of wrong use. `--help` and `--version` come here too and are no failures.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|arg| arg == "--json");
    if !error.use_stderr() || !json {
        let _printed = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let text = error.render().to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or("wrong use").trim_start_matches("error: ").to_owned();
    let out = Out::new(true);
    out.error_document(&document("bad_request", &message, "`membrane --help` shows what there is.", None));
    ExitCode::from(2)
}

/// Makes a failure of something that never fails.
pub(crate) fn internal(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(ErrorCode::Internal, error.to_string())
}

/// Makes a failure of wrong use.
pub(crate) fn wrong_use(message: impl Into<String>, hint: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::BadRequest, message).hint(hint)
}

fn document(code: &str, message: &str, hint: &str, retry_after: Option<u64>) -> Value {
    let mut error = json!({ "code": code, "message": message, "hint": hint });
    if let (Some(seconds), Some(members)) = (retry_after, error.as_object_mut()) {
        members.insert("retryAfter".to_owned(), json!(seconds));
    }
    json!({ "error": error })
}

/// Starts with a capital, unless it starts with a name like a file's or a field's, and ends with a full stop.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let mut text = match text.chars().next() {
        Some(letter) if first.chars().all(char::is_alphabetic) && !first.chars().any(char::is_uppercase) => {
            letter.to_uppercase().collect::<String>() + &text[letter.len_utf8()..]
        }
        _ => text.to_owned(),
    };
    if let Some(rest) = text.strip_prefix("Url ") {
        text = format!("URL {rest}");
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
