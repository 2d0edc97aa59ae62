// What the console knows of the engine: one snapshot, then every change; screens derive from it.
import { api, asProblem, type Problem } from './api';
import { core } from './core';
import { apply, type Known } from './live';
import type { Connection, ConnectionRequest, EngineStatus, LifecycleEvent, Session, Tenant, VaultView } from './wire';

type Phase = 'loading' | 'live' | 'down';

/** How long to wait before a lost engine is looked for again. */
const AGAIN = 1_500;

/** What is known, watched part by part: with thousands of connections, watching every field of each would cost more than all else. */
class Watched implements Known {
  status = $state.raw<EngineStatus | null>(null);
  connections = $state.raw<Record<string, Connection>>({});
  sessions = $state.raw<Record<string, Session>>({});
  requests = $state.raw<Record<string, ConnectionRequest>>({});
  tenants = $state.raw<Tenant[]>([]);
  events = $state.raw<Record<string, number>>({});
  last = $state.raw<LifecycleEvent | null>(null);
}

class Live {
  known = new Watched();
  phase = $state<Phase>('loading');
  problem = $state<Problem | null>(null);
  /** It was there before: what is shown stays, with a word on top. */
  lost = $state(false);
  #again: ReturnType<typeof setTimeout> | undefined;

  get status() {
    return this.known.status;
  }
  /** Whose connections are shown, where there is more than one tenant. */
  tenant = $state('default');

  #connections = $derived.by(() => {
    const all = Object.values(this.known.connections);
    return this.known.tenants.length > 1 ? all.filter((one) => (one.tenantId ?? 'default') === this.tenant) : all;
  });

  get connections() {
    return this.#connections;
  }

  /** Starts to listen; called again to try again. */
  async start(): Promise<void> {
    clearTimeout(this.#again);
    if (!this.lost) this.phase = 'loading';
    this.problem = null;
    try {
      await core().events(
        (message) => {
          apply(this.known, message);
          this.phase = 'live';
          this.lost = false;
        },
        () => this.#lose(),
      );
    } catch (thrown) {
      if (this.lost) return this.#lose();
      this.problem = asProblem(thrown);
      this.phase = 'down';
    }
  }

  #lose(): void {
    this.lost = true;
    this.#again = setTimeout(() => void this.start(), AGAIN);
  }

  #offline = $derived.by(() => {
    const active = this.connections.filter((c) => c.health.status === 'connected' || c.health.status === 'retrying');
    return active.length > 1 && active.every((c) => c.health.warnings.some((w) => w.code === 'offline'));
  });

  /** Nothing can be reached: one banner says so, and rows stay calm. */
  get offline() {
    return this.#offline;
  }

  /** Whether a connection only waits for what a banner tells of. */
  waits(connection: Connection): boolean {
    const has = (code: string) => connection.health.warnings.some((warning) => warning.code === code);
    return has('vault-locked') || (this.offline && has('offline'));
  }

  connection(id: string) {
    return this.known.connections[id];
  }

  session(id: string) {
    return this.known.sessions[id];
  }

  /** Takes over an answer ahead of the stream, so that a click shows at once. */
  saw(session: Session): Session {
    apply(this.known, { type: 'session', session });
    return session;
  }

  /** Takes over where the vault stands ahead of the stream. */
  sawVault(vault: VaultView): void {
    if (this.known.status) this.known.status = { ...this.known.status, vault };
  }

  /** Asks for a session that the stream has not told of. */
  async findSession(id: string): Promise<void> {
    this.saw(await api.session(id));
  }
}

export const live = new Live();
