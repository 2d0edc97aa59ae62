//! What is printed: text that a person likes to read, or one JSON document. Colour only on a terminal.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// Where answers go.
pub(crate) struct Out {
    /// One JSON document instead of text.
    pub json: bool,
}

/// What a colour means.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    /// Works.
    Good,
    /// Will be well again by itself.
    Busy,
    /// Needs the person.
    Bad,
    /// Beside the point.
    Quiet,
    /// A heading or name.
    Strong,
}

/// Colours a text; the colour is left out where the output is no terminal.
pub(crate) fn paint(tone: Tone, text: &str) -> String {
    let style = match tone {
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Busy => AnsiColor::Yellow.on_default(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
        Tone::Quiet => Style::new().dimmed(),
        Tone::Strong => Style::new().bold(),
    };
    format!("{style}{text}{style:#}")
}

impl Out {
    /// Makes it.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a line of the answer.
    pub(crate) fn line(&self, text: &str) {
        // A reader that went away (`| head`) is no failure.
        let _written = writeln!(anstream::stdout().lock(), "{text}");
    }

    /// Prints a line beside the answer: progress, hints, errors.
    pub(crate) fn note(&self, text: &str) {
        let _written = writeln!(anstream::stderr().lock(), "{text}");
    }

    /// Prints the answer as one JSON document, or as text.
    pub(crate) fn answer<T: Serialize>(&self, document: &T, text: impl FnOnce() -> String) {
        if self.json {
            self.document(document);
        } else {
            let text = text();
            if !text.is_empty() {
                self.line(&text);
            }
        }
    }

    /// Prints one JSON document.
    pub(crate) fn document<T: Serialize>(&self, document: &T) {
        let text = serde_json::to_string_pretty(document).unwrap_or_default();
        let _written = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Prints one JSON document beside the answer.
    pub(crate) fn error_document<T: Serialize>(&self, document: &T) {
        let text = serde_json::to_string_pretty(document).unwrap_or_default();
        let _written = writeln!(std::io::stderr().lock(), "{text}");
    }
}
