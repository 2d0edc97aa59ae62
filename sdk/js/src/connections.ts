// Connections: list, read, change, use, archive.
import type { Http } from './http.js';
import { segment } from './http.js';
import type { AccessToken, Connection, LifecycleEvent, Page } from './types.js';

/** What a list is narrowed to. */
export interface ConnectionsQuery {
  limit?: number;
  cursor?: string;
  search?: string;
  integrationKey?: string;
  connected?: boolean;
  disconnected?: boolean;
  includeArchived?: boolean;
}

/** What a connection is started with. */
export interface CreateConnection {
  /** What is wanted, in words. */
  intent?: string;
  /** Which app. */
  integrationKey?: string;
  name?: string;
  key?: string;
  authOptionKey?: string;
  /** Values of the app's form. */
  input?: Record<string, string>;
  /** Values of the app's form that are secrets. */
  credentials?: Record<string, string>;
  meta?: Record<string, unknown>;
}

/** What may be changed. */
export interface ConnectionChanges {
  name?: string;
  key?: string | null;
  meta?: Record<string, unknown>;
}

/** Calls about connections. */
export class Connections {
  constructor(private readonly http: Http) {}

  /** One page of connections. */
  find(query: ConnectionsQuery = {}): Promise<Page<Connection>> {
    return this.http.call('GET', '/connections', { query: { ...query } });
  }

  /** All connections, page by page. */
  async *all(query: Omit<ConnectionsQuery, 'cursor'> = {}): AsyncGenerator<Connection, void, undefined> {
    let cursor: string | undefined;
    do {
      const page: Page<Connection> = await this.find({ limit: 1000, ...query, ...(cursor ? { cursor } : {}) });
      yield* page.items;
      cursor = page.cursor;
    } while (cursor);
  }

  /** One connection, by its id or key, or its app's key where the app has one. */
  get(id: string): Promise<Connection> {
    return this.http.call('GET', `/connections/${segment(id)}`);
  }

  /** Starts connecting and answers at once; `clientAction.uiUrl` is where the person goes on. */
  create(connection: CreateConnection): Promise<Connection> {
    return this.http.call('POST', '/connections', { body: connection });
  }

  /** The connection of the app at a web address or domain; starts one when there is none. */
  ensure(appUrl: string, name?: string): Promise<Connection> {
    return this.http.call('POST', '/connections/ensure', { body: { appUrl, name } });
  }

  /** Changes a connection. */
  patch(id: string, changes: ConnectionChanges): Promise<Connection> {
    return this.http.call('PATCH', `/connections/${segment(id)}`, { body: changes });
  }

  /** Archives a connection: revoked at the app, its credential destroyed. */
  archive(id: string): Promise<Connection> {
    return this.http.call('DELETE', `/connections/${segment(id)}`);
  }

  /** Brings an archived connection back; it needs a reconnect then. */
  restore(id: string): Promise<Connection> {
    return this.http.call('POST', `/connections/${segment(id)}/restore`, { body: {} });
  }

  /** An access token that is good for at least so many seconds. */
  token(id: string, minValid = 60): Promise<AccessToken> {
    return this.http.call('GET', `/connections/${segment(id)}/token`, { query: { minValid } });
  }

  /** Renews a connection's access now. */
  refresh(id: string): Promise<Connection> {
    return this.http.call('POST', `/connections/${segment(id)}/refresh-credentials`, { body: {} });
  }

  /** Asks the app whether the credential works. */
  test(id: string): Promise<{ success: boolean; cause?: string }> {
    return this.http.call('POST', `/connections/${segment(id)}/test`, { body: {} });
  }

  /** What happened to a connection, newest first. */
  async events(id: string): Promise<LifecycleEvent[]> {
    const page = await this.http.call<Page<LifecycleEvent>>('GET', `/connections/${segment(id)}/events`);
    return page.items;
  }
}
