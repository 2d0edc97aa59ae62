// The one door to the core: Tauri in the app, HTTP in a browser, a recorder in tests.
import type { StreamMessage, WireError } from './wire';

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
}

export interface Reply {
  status: number;
  body: unknown;
}

/** The engine went away while it was listened to. */
export class Lost extends Error {}

export interface Core {
  /** Makes one request to the local API. */
  api(request: Request): Promise<Reply>;
  /**
   * Delivers a snapshot, then every change, and calls `ended` when nothing more will come. Rejects with a wire error when
   * the engine is not there.
   */
  events(deliver: (message: StreamMessage) => void, ended: (why?: unknown) => void): Promise<void>;
  /** This page is in the person's browser: it opens pages itself, and the engine need not. */
  inBrowser?: true;
  /** Opens a vendor's page in the person's browser. */
  openExternal(url: string): Promise<void>;
  /** Calls back when the shell wants another screen; settles once it is listened for. */
  onNavigate(go: (path: string) => void): Promise<void>;
  /** Calls back when something went wrong outside of the console, such as a link that is none of ours. */
  onProblem(tell: (error: WireError) => void): Promise<void>;
  /** Tells the shell that something is painted and that it is listened to. */
  ready(): void;
  /** Ends the app and starts it again; not there in a browser. */
  restart?(): Promise<void>;
}

let current: Core | undefined;

export function useCore(core: Core): void {
  current = core;
}

export function core(): Core {
  if (!current) throw new Error('the core is not set');
  return current;
}
