// The client: an address, a token, and what can be done with them.
import { connect, type ConnectOptions } from './connect.js';
import { Connections } from './connections.js';
import { MembraneError } from './error.js';
import { stream } from './events.js';
import { Http, segment } from './http.js';
import type { Connection, ConnectionRequest, EngineStatus, Integration, Page, SearchResult, StreamMessage, Tenant } from './types.js';

/** Where the API listens unless told. */
const DEFAULT_URI = 'http://127.0.0.1:4780';

/** How to reach the API. */
export interface MembraneOptions {
  /** A token (`pat-…` or signed), or a function that returns one. In Node, MEMBRANE_TOKEN unless told. */
  token?: string | (() => string | Promise<string>);
  /** Where the API listens. In Node, MEMBRANE_API_URL unless told; else http://127.0.0.1:4780. */
  apiUri?: string;
}

/** What to ask a person for: an app, a connection to repair, or a prompt to choose by. */
export interface Ask {
  integrationKey?: string;
  connectionId?: string;
  connectionKey?: string;
  name?: string;
  prompt?: string;
  redirectUri?: string;
}

/** A client of Membrane. */
export class Membrane {
  /** Connections. */
  readonly connections: Connections;
  /** Requests to a person to connect something. */
  readonly requests: {
    create(ask: Ask): Promise<ConnectionRequest>;
    get(id: string): Promise<ConnectionRequest>;
    /** Waits for the person's answer, so many milliseconds at most. */
    wait(id: string, timeout?: number): Promise<ConnectionRequest>;
  };
  private readonly http: Http;

  constructor(options: MembraneOptions = {}) {
    const token = options.token ?? environment('MEMBRANE_TOKEN');
    if (!token) {
      throw new MembraneError('not_authenticated', 'There is no token.', {
        hint: 'Pass one, or set MEMBRANE_TOKEN; `membrane client create NAME` prints one.',
      });
    }
    const apiUri = options.apiUri ?? environment('MEMBRANE_API_URL') ?? DEFAULT_URI;
    const http = new Http(apiUri.replace(/\/+$/, ''), typeof token === 'function' ? token : () => token);
    this.http = http;
    this.connections = new Connections(http);
    const read = (id: string, query?: { wait: boolean; timeout: number }): Promise<ConnectionRequest> =>
      http.call('GET', `/connection-requests/${segment(id)}`, { query });
    this.requests = {
      create: (ask) => http.call('POST', '/connection-requests', { body: ask }),
      get: (id) => read(id),
      async wait(id, timeout = 600_000) {
        const deadline = Date.now() + timeout;
        for (;;) {
          const left = Math.ceil((deadline - Date.now()) / 1000);
          const request = await read(id, { wait: true, timeout: Math.max(1, Math.min(left, 30)) });
          if (request.status !== 'pending' || Date.now() >= deadline) return request;
        }
      },
    };
  }

  /**
   * Connects what the intent means (or an app, or repairs a connection) and waits until it is ready.
   * The person signs in at the page that `onUrl` is called with; in a browser a popup opens by itself.
   */
  connect(options: ConnectOptions): Promise<Connection> {
    return connect(this.http, options);
  }

  /** Yields a snapshot, then every change, until the engine ends or the signal stops it. */
  events(signal?: AbortSignal): AsyncGenerator<StreamMessage, void, undefined> {
    return stream(this.http, signal);
  }

  /** The engine at a glance. */
  status(): Promise<EngineStatus> {
    return this.http.call('GET', '/status');
  }

  /** Whose connections the token is about. */
  self(): Promise<Tenant> {
    return this.http.call('GET', '/self');
  }

  /** Apps that can be connected. */
  async integrations(search?: string): Promise<Integration[]> {
    const page = await this.http.call<Page<Integration>>('GET', '/integrations', { query: { search, limit: 1000 } });
    return page.items;
  }

  /** The app that an intent means, or those to choose from. */
  search(intent: string, limit?: number): Promise<SearchResult> {
    return this.http.call('GET', '/search', { query: { q: intent, limit } });
  }
}

function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}
