//! The doctor: looks at all that the app needs of this computer, and says for each what to do. Works without an engine.

mod surroundings;
mod vault;

use std::collections::BTreeMap;

use membrane_model::{Examination, Fault, Finding, Outcome, Subject, Timestamp};

use crate::{Engine, Paths};

/// Examines a computer on which no engine runs: what only an engine knows is left open.
pub async fn examine(paths: &Paths) -> Examination {
    let port = surroundings::free_port().await;
    let closed = vault::not_asked();
    finish(paths, closed, port, None).await
}

impl Engine {
    /// Examines the computer, as this engine sees it.
    ///
    /// # Errors
    /// Fails when the store can't be read.
    pub async fn doctor(&self) -> Result<Examination, Fault> {
        let status = self.status()?;
        let keychain = vault::found(&status.vault);
        let port = surroundings::port(status.api_uri.as_deref(), status.port_note.is_some(), self.saved_port()?);
        Ok(finish(self.paths(), keychain, port, Some(self)).await)
    }
}

async fn finish(paths: &Paths, keychain: Finding, port: Finding, engine: Option<&Engine>) -> Examination {
    let (schemes, (network, clock)) = tokio::join!(surroundings::schemes(), surroundings::network_and_clock(engine));
    let findings =
        vec![keychain, schemes, port, clock, network, surroundings::permissions(paths), surroundings::disk(paths)];
    Examination { at: Timestamp::now(), findings }
}

/// Makes a finding without facts and fix.
fn finding(subject: Subject, outcome: Outcome, case: &str, sentence: impl Into<String>) -> Finding {
    Finding { subject, outcome, case: case.to_owned(), facts: BTreeMap::new(), sentence: sentence.into(), fix: None }
}

/// Adds what to do, and the facts that the sentences name.
fn with(mut finding: Finding, fix: Option<&str>, facts: &[(&str, &str)]) -> Finding {
    finding.fix = fix.map(str::to_owned);
    finding.facts = facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    finding
}
