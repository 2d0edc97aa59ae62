//! The AI clients that are known: where each keeps its servers, and in which form.

use std::path::PathBuf;

use super::Places;
use super::edit::Format;

/// The folder that a path starts in.
#[derive(Clone, Copy)]
enum Base {
    Home,
    Config,
}

/// One client.
pub(super) struct Known {
    /// For `--client`.
    pub key: &'static str,
    /// What a person calls it.
    pub name: &'static str,
    /// It is on this computer when one of these is there.
    signs: &'static [(Base, &'static str)],
    file: (Base, &'static str),
    pub format: Format,
}

/// The form that most share.
const MCP_SERVERS: Format = Format::Json { under: "mcpServers", typed: false };

/// All of them.
pub(super) const ALL: &[Known] = &[
    Known {
        key: "claude-desktop",
        name: "Claude Desktop",
        signs: &[(Base::Config, "Claude")],
        file: (Base::Config, "Claude/claude_desktop_config.json"),
        format: MCP_SERVERS,
    },
    Known {
        key: "claude-code",
        name: "Claude Code",
        signs: &[(Base::Home, ".claude.json"), (Base::Home, ".claude")],
        file: (Base::Home, ".claude.json"),
        format: Format::Json { under: "mcpServers", typed: true },
    },
    Known {
        key: "cursor",
        name: "Cursor",
        signs: &[(Base::Home, ".cursor")],
        file: (Base::Home, ".cursor/mcp.json"),
        format: MCP_SERVERS,
    },
    Known {
        key: "vscode",
        name: "VS Code",
        signs: &[(Base::Config, "Code")],
        file: (Base::Config, "Code/User/mcp.json"),
        format: Format::Json { under: "servers", typed: true },
    },
    Known {
        key: "windsurf",
        name: "Windsurf",
        signs: &[(Base::Home, ".codeium/windsurf")],
        file: (Base::Home, ".codeium/windsurf/mcp_config.json"),
        format: MCP_SERVERS,
    },
    Known {
        key: "codex",
        name: "Codex",
        signs: &[(Base::Home, ".codex")],
        file: (Base::Home, ".codex/config.toml"),
        format: Format::Toml { under: "mcp_servers" },
    },
    Known {
        key: "gemini",
        name: "Gemini CLI",
        signs: &[(Base::Home, ".gemini")],
        file: (Base::Home, ".gemini/settings.json"),
        format: MCP_SERVERS,
    },
    Known {
        key: "zed",
        name: "Zed",
        signs: &[(Base::Config, "zed")],
        file: (Base::Config, "zed/settings.json"),
        format: Format::Json { under: "context_servers", typed: false },
    },
    Known {
        key: "copilot",
        name: "Copilot CLI",
        signs: &[(Base::Home, ".copilot")],
        file: (Base::Home, ".copilot/mcp-config.json"),
        format: MCP_SERVERS,
    },
];

impl Known {
    /// Tells whether it is on this computer.
    pub(super) fn found(&self, places: &Places) -> bool {
        self.signs.iter().any(|sign| path(places, *sign).exists())
    }

    /// Returns its configuration.
    pub(super) fn file(&self, places: &Places) -> PathBuf {
        path(places, self.file)
    }
}

fn path(places: &Places, (base, rest): (Base, &str)) -> PathBuf {
    match base {
        Base::Home => places.home.join(rest),
        Base::Config => places.config.join(rest),
    }
}
