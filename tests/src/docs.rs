//! The examples of the documentation, to be run as they stand.

use anyhow::{Context, Result};

use crate::process::root;

/// Returns the blocks of a page of `docs/` that are written in a language, in order.
///
/// # Errors
/// Fails when there is no such page.
pub fn blocks(page: &str, language: &str) -> Result<Vec<String>> {
    let file = root().join("docs").join(page);
    let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match &mut open {
            Some(block) if line.starts_with("```") => {
                blocks.push(std::mem::take(block));
                open = None;
            }
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line.trim() == format!("```{language}") => open = Some(String::new()),
            None => {}
        }
    }
    Ok(blocks)
}
