// Who used each connection last, for the rows: asked once, and again when a connection was used since.
import { api } from './api';
import { live } from './store.svelte';
import { who } from './words';
import type { Activity } from './wire';

class Usage {
  #by = $state<Record<string, Activity['by']>>({});
  #seen = '';

  /** Looks again if something was used since the last look. */
  follow(): void {
    const newest = live.connections.map((connection) => connection.lastActiveAt ?? '').reduce((a, b) => (a > b ? a : b), '');
    if (newest === '' || newest === this.#seen) return;
    this.#seen = newest;
    api.activity({ kind: 'used', limit: 200 }).then(
      ({ items }) => (this.#by = Object.fromEntries(items.toReversed().map((item) => [item.connectionId, item.by]))),
      () => {},
    );
  }

  of(id: string): string | undefined {
    const by = this.#by[id];
    return by?.kind === 'client' ? who(by) : undefined;
  }
}

export const usage = new Usage();
