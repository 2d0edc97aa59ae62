//! Changing a configuration as a careful person would: the entry and nothing else.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::{Value, json};
use toml_edit::{DocumentMut, Item, Table, value};

use super::{Entry, NAME};

/// In which form a client keeps its servers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// JSON, perhaps with comments, in an object under this name. Some want the kind of server said.
    Json { under: &'static str, typed: bool },
    /// TOML, in a table under this name.
    Toml { under: &'static str },
}

impl Format {
    /// Returns a configuration with the entry in it; the same text when it is there already.
    pub(super) fn with(self, text: &str, entry: &Entry) -> Result<String, String> {
        match self {
            Self::Json { under, typed } => json_with(text, under, typed, entry),
            Self::Toml { under } => toml_with(text, under, entry),
        }
    }
}

fn json_with(text: &str, under: &str, typed: bool, entry: &Entry) -> Result<String, String> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let unreadable = |why: String| format!("it is no valid JSON ({why}); put that right first");
    let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| unreadable(error.to_string()))?;
    let no_object = |what: &str| format!("{what} is no JSON object; put that right first");
    let whole = root.object_value_or_create().ok_or_else(|| no_object("what is in it"))?;
    let servers = whole.object_value_or_create(under).ok_or_else(|| no_object(under))?;
    let ours = servers.object_value_or_create(NAME).ok_or_else(|| no_object(NAME))?;
    if typed {
        set(&ours, "type", &json!("stdio"));
    }
    set(&ours, "command", &json!(entry.command));
    set(&ours, "args", &json!(["mcp"]));
    if !entry.environment.is_empty() {
        let environment = ours.object_value_or_create("env").ok_or_else(|| no_object("env"))?;
        for (name, value) in &entry.environment {
            set(&environment, name, &json!(value));
        }
    }
    Ok(root.to_string())
}

/// Sets a member, and leaves one alone that has the value already.
fn set(object: &CstObject, name: &str, wanted: &Value) {
    match object.get(name) {
        Some(member) if member.value().and_then(|value| value.to_serde_value()).as_ref() == Some(wanted) => {}
        Some(member) => member.set_value(input(wanted)),
        None => {
            object.append(name, input(wanted));
        }
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Bool(yes) => CstInputValue::Bool(*yes),
        Value::Null | Value::Number(_) | Value::Object(_) => CstInputValue::Null,
    }
}

fn toml_with(text: &str, under: &str, entry: &Entry) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let first = error.message().lines().next().unwrap_or_default().to_owned();
        format!("it is no valid TOML ({first}); put that right first")
    })?;
    let no_table = |what: &str| format!("{what} is no table; put that right first");
    let servers = document.entry(under).or_insert_with(|| {
        let mut table = Table::new();
        // Without a header of its own: only its servers have one.
        table.set_implicit(true);
        Item::Table(table)
    });
    let servers = servers.as_table_like_mut().ok_or_else(|| no_table(under))?;
    let ours = servers.entry(NAME).or_insert_with(|| Item::Table(Table::new()));
    let ours = ours.as_table_like_mut().ok_or_else(|| no_table(NAME))?;
    if ours.get("command").and_then(Item::as_str) != Some(&entry.command) {
        ours.insert("command", value(entry.command.clone()));
    }
    let arguments = ours.get("args").and_then(Item::as_array);
    let fits =
        arguments.is_some_and(|all| all.len() == 1 && all.get(0).and_then(toml_edit::Value::as_str) == Some("mcp"));
    if !fits {
        ours.insert("args", value(toml_edit::Array::from_iter(["mcp"])));
    }
    if !entry.environment.is_empty() {
        let variables = ours.entry("env").or_insert_with(|| Item::Table(Table::new()));
        let variables = variables.as_table_like_mut().ok_or_else(|| no_table("env"))?;
        for (name, wanted) in &entry.environment {
            if variables.get(name).and_then(Item::as_str) != Some(wanted) {
                variables.insert(name, value(wanted.clone()));
            }
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn entry() -> Entry {
        Entry::new(Path::new("/usr/bin/membrane"))
    }

    #[test]
    fn comments_and_order_of_json_stay() {
        let before = "// mine\n{\n  \"theme\": \"dark\", // at night\n  \"context_servers\": {\n    // one more\n    \"other\": { \"command\": \"x\" }\n  },\n  \"font\": 12,\n}\n";
        let format = Format::Json { under: "context_servers", typed: false };
        let after = format.with(before, &entry()).unwrap();
        insta::assert_snapshot!(after, @r#"
        // mine
        {
          "theme": "dark", // at night
          "context_servers": {
            // one more
            "other": { "command": "x" },
            "membrane": {
              "command": "/usr/bin/membrane",
              "args": ["mcp"]
            }
          },
          "font": 12,
        }
        "#);
        assert_eq!(format.with(&after, &entry()).unwrap(), after);
    }

    #[test]
    fn an_entry_that_is_there_keeps_what_the_person_added() {
        let before =
            "{\"mcpServers\": {\"membrane\": {\"command\": \"/old\", \"args\": [\"mcp\"], \"disabled\": true}}}";
        let after = Format::Json { under: "mcpServers", typed: false }.with(before, &entry()).unwrap();
        let after: Value = serde_json::from_str(&after).unwrap();
        assert_eq!(
            after["mcpServers"]["membrane"],
            json!({"command": "/usr/bin/membrane", "args": ["mcp"], "disabled": true})
        );
    }

    #[test]
    fn comments_and_order_of_toml_stay() {
        let before = "# mine\nmodel = \"o9\" # the big one\n\n[mcp_servers.other]\ncommand = \"x\"\n";
        let format = Format::Toml { under: "mcp_servers" };
        let after = format.with(before, &entry()).unwrap();
        insta::assert_snapshot!(after, @r#"
        # mine
        model = "o9" # the big one

        [mcp_servers.other]
        command = "x"

        [mcp_servers.membrane]
        command = "/usr/bin/membrane"
        args = ["mcp"]
        "#);
        assert_eq!(format.with(&after, &entry()).unwrap(), after);
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_says_why() {
        let json = Format::Json { under: "mcpServers", typed: false };
        let toml = Format::Toml { under: "mcp_servers" };
        for (format, text) in
            [(json, "{"), (json, "[]"), (json, "{\"mcpServers\": 1}"), (toml, "a ="), (toml, "mcp_servers = 1")]
        {
            let why = format.with(text, &entry()).unwrap_err();
            assert!(why.ends_with("put that right first"), "{text}: {why}");
        }
    }
}
