// connect(): from an intent to a connection that is ready. In a browser the person goes on in a popup, elsewhere at a
// link that the program shows; both wait until it is done.
import { MembraneError } from './error.js';
import type { Http } from './http.js';
import { segment } from './http.js';
import type { Connection, ConnectSession } from './types.js';

/** How long one question to the engine is held, in seconds. */
const HELD = 30;
/** How long a popup that was closed may still have succeeded, in seconds: some sign-in pages hide from their opener. */
const CLOSED_GRACE = 5;

/** What to connect, and how the person is led. */
export interface ConnectOptions {
  /** What is wanted, in words: "CRM", "my calendar". */
  intent?: string;
  /** Which app. */
  integrationKey?: string;
  /** Which connection to repair; it stays as it is until that succeeds. */
  connectionId?: string;
  /** A key of your own for the new connection. */
  connectionKey?: string;
  name?: string;
  authOptionKey?: string;
  /** Makes one more connection of an app that has one; without it, that one is signed in to again. */
  allowMultipleConnections?: boolean;
  /** Values of the app's form. */
  input?: Record<string, string>;
  /** Values of the app's form that are secrets. */
  credentials?: Record<string, string>;
  /** Shows the person where to go on. In a browser a popup opens unless this is given. */
  onUrl?: (url: string, connection: Connection) => void;
  /** For how many milliseconds to wait; ten minutes unless told. */
  timeout?: number;
  /** Calls it off. */
  signal?: AbortSignal;
}

/** Connects, and waits until it is done. */
export async function connect(http: Http, options: ConnectOptions): Promise<Connection> {
  const { onUrl, timeout = 600_000, signal, ...what } = options;
  signal?.throwIfAborted();
  // A browser lets a popup open only in the very call that the person's click made.
  const popup = !onUrl && typeof window !== 'undefined' ? openPopup() : undefined;
  try {
    const begun = await http.call<Connection>('POST', '/connect', { body: what, signal });
    const url = begun.clientAction?.uiUrl;
    if (url && (!begun.connected || begun.sessionId)) {
      if (popup) popup.location.href = url;
      else if (onUrl) onUrl(url, begun);
      else console.error(`Sign in to ${begun.appName}: ${url}`);
    }
    return await finished(http, begun, Date.now() + timeout, signal, popup);
  } finally {
    popup?.close();
  }
}

function openPopup(): Window {
  const popup = window.open('', '_blank', 'popup,width=600,height=760');
  if (popup) return popup;
  throw new MembraneError('popup_blocked', 'The browser blocked the popup.', {
    hint: 'Call connect() directly in a click handler, or show the link yourself with onUrl.',
  });
}

async function finished(
  http: Http,
  begun: Connection,
  deadline: number,
  signal: AbortSignal | undefined,
  popup: Window | undefined,
): Promise<Connection> {
  // Another account signed in, and the person has not said yet whether to keep it.
  let undecided: MembraneError | undefined;
  const isRepair = Boolean(begun.sessionId) && (begun.connected || begun.disconnected);
  let closedAt: number | undefined;
  try {
    for (;;) {
      const left = Math.ceil((deadline - Date.now()) / 1000);
      if (left <= 0) {
        throw new MembraneError('timeout', `Nobody finished the sign-in to ${begun.appName} in time.`, {
          hint: 'Wait longer with timeout, or ask the person again.',
        });
      }
      if (popup?.closed) closedAt ??= Date.now();
      if (closedAt !== undefined && Date.now() - closedAt > CLOSED_GRACE * 1000) {
        await callOff(http, begun);
        // They may have tried once more, with the right account.
        const now = undecided && (await http.call<Connection>('GET', `/connections/${segment(begun.id)}`, { signal }));
        if (now?.connected && now.updatedAt !== begun.updatedAt) return now;
        throw undecided ?? new MembraneError('session_ended', 'The window was closed before the sign-in was finished.');
      }
      // With a popup the answers are short, so that its end is noticed.
      const seconds = Math.max(1, Math.min(left, popup ? 2 : HELD));
      const over = isRepair ? await repaired(http, begun, seconds, signal) : await ready(http, begun, seconds, signal);
      if (over instanceof MembraneError) {
        // Only where there is a window can somebody keep the other account while this waits.
        if (!popup) throw over;
        undecided = over;
      } else if (over) return over;
    }
  } catch (error) {
    if (signal?.aborted) await callOff(http, begun);
    throw error;
  }
}

/** Waits for a first connect; nothing while it goes on. */
async function ready(http: Http, begun: Connection, seconds: number, signal?: AbortSignal): Promise<Connection | undefined> {
  const query = { wait: true, timeout: seconds };
  const now = await http.call<Connection>('GET', `/connections/${segment(begun.id)}`, { query, signal });
  if (now.state === 'CLIENT_ACTION_REQUIRED' && !now.disconnected) return undefined;
  if (now.state === 'SETUP_FAILED') throw MembraneError.of(now.errors[0]);
  return now;
}

/** Waits for a repair: the connection stays as it is, the attempt tells. */
async function repaired(
  http: Http,
  begun: Connection,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<Connection | MembraneError | undefined> {
  const path = `/connect-sessions/${segment(begun.sessionId ?? '')}`;
  const seen = await http.call<ConnectSession>('GET', path, { signal });
  const query = { wait: seconds, state: seen.state };
  // One that failed because another account signed in is held until that is kept.
  const now = await http.call<ConnectSession>('GET', path, { query, signal });
  switch (now.state) {
    case 'done':
      return http.call<Connection>('GET', `/connections/${segment(now.connectionId ?? begun.id)}`, { signal });
    case 'failed':
      if (now.error.data.code === 'account_mismatch') return MembraneError.of(now.error);
      throw MembraneError.of(now.error);
    case 'cancelled':
      throw new MembraneError('session_ended', 'The sign-in was called off.', { hint: 'Nothing was changed.' });
    case 'expired':
      throw new MembraneError('session_expired', 'Nobody finished the sign-in in time.');
    default:
      return undefined;
  }
}

async function callOff(http: Http, begun: Connection): Promise<void> {
  if (!begun.sessionId) return;
  // It may be over by now, which is as good.
  await http.call('DELETE', `/connect-sessions/${segment(begun.sessionId)}`).catch(() => undefined);
}
