// A core that answers from fixtures, so that the console can be seen and tried without an engine.
import type { Core, Reply, Request } from '../src/lib/core';
import type { Connection, Session, Settings, StreamMessage, VaultState, WireError } from '../src/lib/wire';
import { details, summaries } from './apps';
import { connection, events, session, sessions, status, twelve } from './fixtures';

export type StateName =
  | 'full'
  | 'empty'
  | 'one'
  | 'many'
  | 'offline'
  | 'locked'
  | 'passphrase'
  | 'missing'
  | 'key-lost'
  | 'down'
  | 'loading'
  | 'rejected';

const VAULTS: Partial<Record<StateName, [VaultState, string, string]>> = {
  locked: ['locked', 'secret-service', 'Unlock it with the password of your desktop session; until then nothing can be renewed or connected.'],
  passphrase: ['locked', 'passphrase', 'Type your passphrase; until then nothing can be renewed or connected.'],
  missing: ['missing', 'secret-service', 'Choose a passphrase to protect your credentials with, or start a keychain such as gnome-keyring.'],
  'key-lost': ['key-lost', 'secret-service', 'Your connections are here, but their credentials can’t be read: restore the keychain item, or start over.'],
};

const wire = (code: string, message: string, hint: string, action = 'tell'): WireError => ({
  type: 'configuration',
  message,
  data: { code, hint, action },
});

export class FakeCore implements Core {
  #deliver: (message: StreamMessage) => void = () => {};
  #connections: Connection[];
  #clients = [
    { id: 'cli_1', name: 'claude', mayGetTokens: true, createdAt: new Date().toISOString(), lastUsedAt: new Date(Date.now() - 2e5).toISOString() },
    { id: 'cli_2', name: 'backup-script', mayGetTokens: false, createdAt: new Date().toISOString(), lastUsedAt: null },
  ];
  #settings: Settings;
  #sessions = new Map<string, Session>(sessions.map((s) => [s.id, s]));
  readonly calls: Request[] = [];

  constructor(
    readonly state: StateName,
    theme: string,
  ) {
    this.#settings = { notifications: true, notificationAccounts: false, appearance: theme as Settings['appearance'], openAtLogin: false };
    this.#connections = listOf(state);
  }

  send(message: StreamMessage): void {
    this.#deliver(message);
  }

  async events(deliver: (message: StreamMessage) => void): Promise<void> {
    this.#deliver = deliver;
    if (this.state === 'loading') return;
    if (this.state === 'down') {
      throw wire('newer_database', 'the data was made by a newer version (schema 9, this one knows 4)', 'Update Membrane Desktop; the data is untouched.');
    }
    const engine = status(this.#connections);
    const vault = VAULTS[this.state];
    if (vault) engine.vault = { state: vault[0], backend: vault[1], sentence: vault[2] };
    deliver({ type: 'snapshot', status: engine, connections: this.#connections, sessions: [...this.#sessions.values()] });
  }

  async openExternal(): Promise<void> {}
  async onNavigate(): Promise<void> {}
  async onProblem(): Promise<void> {}
  ready(): void {}

  async api(request: Request): Promise<Reply> {
    this.calls.push(request);
    const { method, path } = request;
    const [, noun, id = '', verb] = path.split('?')[0]!.split('/');
    const body = (request.body ?? {}) as Record<string, unknown>;
    const ok = (value: unknown): Reply => ({ status: 200, body: value });
    switch (noun) {
      case 'settings':
        Object.assign(this.#settings, body);
        return ok({ ...this.#settings });
      case 'integrations': {
        if (!id) return ok({ items: summaries });
        const found = details.find((d) => d.key === id);
        if (!found) return { status: 404, body: wire('unknown_app', `there is no app “${id}”`, 'Search for it by another name.') };
        const client = { id: String(body.clientId), hasSecret: true };
        return ok(method === 'PUT' ? { ...found, authMethods: found.authMethods.map((m) => ({ ...m, client })) } : found);
      }
      case 'search':
        return ok(search(decodeURIComponent(/q=([^&]*)/.exec(path)?.[1] ?? '')));
      case 'clients':
        if (method === 'POST') return ok({ id: 'cli_3', name: body.name, token: 'pat-EXAMPLEexampleEXAMPLEexampleEXAMPLE' });
        if (method === 'DELETE') this.#clients = this.#clients.filter((c) => c.id !== id);
        return ok({ items: this.#clients });
      case 'vault':
        return ok({ state: 'unlocked', backend: 'passphrase', sentence: 'Unlocked.' });
      case 'connections':
        if (verb === 'events') return ok({ items: events });
        if (verb === 'test') return ok({ success: true });
        if (method === 'DELETE') this.#deliver({ type: 'connection-removed', id });
        return ok({});
      case 'connect-sessions':
        return ok(this.#step(request, id, verb, body));
      default:
        return ok({});
    }
  }

  #step(request: Request, id: string, verb: string | undefined, body: Record<string, unknown>): Session {
    if (!id) {
      const app = details.find((d) => d.key === body.appKey) ?? details[0]!;
      const method = app.authMethods.find((m) => m.key === body.authMethod) ?? app.authMethods[0]!;
      const made = session('ses_new', { appKey: app.key, appName: app.name, authMethod: method.key, method: method.type });
      if (method.fields.length > 0) Object.assign(made, { authorizationUrl: undefined, fields: method.fields });
      this.#sessions.set(made.id, made);
      return made;
    }
    const known = this.#sessions.get(id) ?? session(id);
    if (request.method === 'DELETE') return { ...known, state: 'cancelled' } as Session;
    if (verb === 'credentials') {
      const problem = wire('key_rejected', `${known.appName} says this key is not valid`, 'Copy it again from the keys page.');
      return { ...known, problem } as Session;
    }
    return known;
  }
}

function listOf(state: StateName): Connection[] {
  switch (state) {
    case 'empty':
      return [];
    case 'one':
      return [twelve[2]!];
    case 'many':
      return Array.from({ length: 60 }, (_, i) => ({ ...connection('github', 'GitHub', `account-${i}`), id: `con_${i}` }));
    case 'offline':
      return twelve.slice(2, 9).map((c) => ({ ...c, health: { ...c.health, warnings: [{ code: 'offline', severity: 'high', text: '', since: null }] } }));
    default:
      return twelve;
  }
}

function search(text: string) {
  const words = text.toLowerCase();
  const items = summaries
    .filter((s) => `${s.name} ${s.description}`.toLowerCase().includes(words))
    .map((s) => ({ key: s.key, name: s.name, score: 0.9, reason: s.name.toLowerCase().includes(words) ? `is called ${s.name}` : `is a ${text}` }));
  return { outcome: items.length === 0 ? 'none' : items.length === 1 ? 'pick' : 'choose', items };
}
