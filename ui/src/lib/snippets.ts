// What to tell each AI tool. The command is the way in that needs no token: it runs as the person, in their terminal.

export interface Snippet {
  key: string;
  name: string;
  /** Where the tool keeps its instructions. */
  file: string;
  text: (app: string) => string;
}

const lines = (app: string) => `When a task needs one of my accounts, ask Membrane for access:
- membrane connection list --json shows what is connected.
- membrane connection token ${app} prints a short-lived access token. Ask again when it runs out; never store it.
- If an app is missing, run: membrane connect --intent "what it is for" and wait for me to sign in.
- Exit code 8 means that I have to reconnect: tell me, and stop.`;

export const SNIPPETS: Snippet[] = [
  { key: 'claude', name: 'Claude Code', file: 'CLAUDE.md', text: (app) => `## Accounts\n\n${lines(app)}` },
  { key: 'codex', name: 'Codex', file: 'AGENTS.md', text: (app) => `## Accounts\n\n${lines(app)}` },
  {
    key: 'cursor',
    name: 'Cursor',
    file: '.cursor/rules/accounts.mdc',
    text: (app) => `---\ndescription: How to use my accounts\nalwaysApply: true\n---\n${lines(app)}`,
  },
  { key: 'gemini', name: 'Gemini CLI', file: 'GEMINI.md', text: (app) => `## Accounts\n\n${lines(app)}` },
  {
    key: 'shell',
    name: 'Shell',
    file: '~/.profile',
    text: (app) => `export ${app.replaceAll('-', '_').toUpperCase()}_TOKEN="$(membrane connection token ${app})"`,
  },
];
