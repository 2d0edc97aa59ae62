//! `membrane doctor`: what this computer lacks, and what to do about it.

use std::process::ExitCode;

use membrane_engine::Paths;
use membrane_model::{ErrorCode, Examination, Fault, Finding, Outcome, Subject};
use membrane_sdk::Method;
use serde_json::Value;

use crate::engine::{running, told};
use crate::out::{Out, Tone, paint};

/// The exit code when something keeps the app from working.
const BROKEN: u8 = 1;

pub(super) async fn run(bundle: bool, out: &Out) -> Result<ExitCode, Fault> {
    if bundle {
        let written: Value = told(running().await?.call(Method::POST, "/support-bundle", None::<&()>).await)?;
        out.answer(&written, || {
            let path = written["path"].as_str().unwrap_or_default();
            format!("Wrote {path}. It holds no names, accounts, ids or secrets; look into it before you send it.")
        });
        return Ok(ExitCode::SUCCESS);
    }
    // It looks, and starts nothing.
    let examination = match running().await {
        Ok(client) => told(client.call::<Examination>(Method::GET, "/doctor", None::<&()>).await)?,
        Err(fault) if fault.code == ErrorCode::EngineNotRunning => {
            membrane_engine::doctor::examine(&Paths::resolve()?).await
        }
        Err(fault) => return Err(fault),
    };
    out.answer(&examination, || examination.findings.iter().map(line).collect::<Vec<_>>().join("\n"));
    Ok(if examination.worst() == Outcome::Broken { ExitCode::from(BROKEN) } else { ExitCode::SUCCESS })
}

fn line(finding: &Finding) -> String {
    let (tone, sign) = match finding.outcome {
        Outcome::Fine => (Tone::Good, "✓"),
        Outcome::Unknown => (Tone::Quiet, "?"),
        Outcome::Warning => (Tone::Bad, "!"),
        Outcome::Broken => (Tone::Bad, "✗"),
    };
    let first = format!("{} {:<12} {}", paint(tone, sign), name(finding.subject), finding.sentence);
    match &finding.fix {
        Some(fix) => format!("{first}\n               {}", paint(Tone::Quiet, fix)),
        None => first,
    }
}

fn name(subject: Subject) -> &'static str {
    match subject {
        Subject::Keychain => "Keychain",
        Subject::Schemes => "Links",
        Subject::Port => "Port",
        Subject::Clock => "Clock",
        Subject::Network => "Network",
        Subject::Permissions => "Permissions",
        Subject::Disk => "Disk",
    }
}
