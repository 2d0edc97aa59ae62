// Where the page is shown, and how it tells what came of it: in a frame, in a popup, or on its own.
import type { Connection, WireError } from '../src/lib/wire';
import type { Facts } from './boot';
import { Parent } from './penpal';

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const POPUP = 'popup,width=720,height=760';

export class Surroundings {
  readonly framed = window.parent !== window;
  readonly popup = !this.framed && window.opener !== null;
  #parent = this.framed ? new Parent() : null;
  #signIn: Window | null = null;
  #undecided: { error: WireError; connectionId?: string } | null = null;

  constructor(public facts: Facts) {}

  /** Opens a provider's page: beside a frame, which providers refuse; else in this very window. */
  open(url: string): void {
    if (!this.framed) {
      location.assign(url);
      return;
    }
    this.#signIn?.close();
    this.#signIn = window.open(url, 'membrane-sign-in', POPUP);
  }

  /** Tells that there is a connection. Returns whether the page is over. */
  async connected(connection: Connection): Promise<boolean> {
    this.#signIn?.close();
    const { flow, redirectUri } = this.facts;
    if (this.#parent) {
      await this.#parent.call('onSuccess', plain(connection));
      await this.#parent.call('close');
      return true;
    }
    if (redirectUri) {
      this.#leave(redirectUri, { connectionId: connection.id });
      return true;
    }
    if (flow) this.#tell({ type: 'newConnectionCreated', connection: plain(connection) });
    return this.#shut();
  }

  /** Tells that it did not work, to those who wait for exactly one answer. Returns whether the page is over. */
  failed(error: WireError, connectionId?: string): boolean {
    this.#signIn?.close();
    if (this.framed) return false;
    // Another account signed in: the person may keep it, so nothing is told until they leave.
    if (error.data.code === 'account_mismatch') {
      this.#undecided = { error, connectionId };
      return false;
    }
    return this.#report(error, connectionId);
  }

  #report(error: WireError, connectionId?: string): boolean {
    const { flow, redirectUri } = this.facts;
    if (redirectUri) {
      this.#leave(redirectUri, { error: error.message, errorData: JSON.stringify(plain(error)) });
      return true;
    }
    if (!flow || !this.popup) return false;
    this.#tell({ type: 'newConnectionFailure', error: error.message, errorData: plain(error), connectionId });
    return this.#shut();
  }

  /** Ends the page without a result. Returns whether it is over. */
  async close(): Promise<boolean> {
    this.#signIn?.close();
    if (this.#undecided && this.#report(this.#undecided.error, this.#undecided.connectionId)) return true;
    if (this.#parent) {
      await this.#parent.call('close');
      return true;
    }
    if (this.facts.redirectUri) {
      this.#leave(this.facts.redirectUri, { error: 'cancelled' });
      return true;
    }
    return this.#shut();
  }

  #tell(message: Record<string, unknown>): void {
    const opener = window.opener as Window | null;
    opener?.postMessage({ source: 'integration.app', requestId: this.facts.flow, ...message }, this.facts.opener ?? '*');
  }

  #leave(uri: string, result: Record<string, string>): void {
    const url = new URL(uri);
    for (const [name, value] of Object.entries(result)) url.searchParams.set(name, value);
    location.replace(url.href);
  }

  #shut(): boolean {
    if (this.popup) window.close();
    return window.closed;
  }
}
