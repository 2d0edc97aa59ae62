// The live state: what the engine's stream says, kept up to date for every screen.
import { api, asProblem, type Problem } from './api';
import { core } from './core';
import { apply, nothing } from './live';
import type { Session } from './wire';

type Phase = 'loading' | 'live' | 'down';

class Live {
  known = $state(nothing());
  phase = $state<Phase>('loading');
  problem = $state<Problem | null>(null);

  get status() {
    return this.known.status;
  }
  /** Whose connections are shown, where there is more than one tenant. */
  tenant = $state('default');

  get connections() {
    const all = Object.values(this.known.connections);
    return this.known.tenants.length > 1 ? all.filter((one) => (one.tenantId ?? 'default') === this.tenant) : all;
  }

  /** Starts to listen; called again to try again. */
  async start(): Promise<void> {
    this.phase = 'loading';
    this.problem = null;
    try {
      await core().events((message) => {
        apply(this.known, message);
        this.phase = 'live';
      });
    } catch (thrown) {
      this.problem = asProblem(thrown);
      this.phase = 'down';
    }
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

  /** Asks for a session that the stream has not told of. */
  async findSession(id: string): Promise<void> {
    this.saw(await api.session(id));
  }
}

export const live = new Live();
