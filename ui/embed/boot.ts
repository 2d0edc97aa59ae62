// What the engine tells the page at its start, and the page's own token, which never stays in the address.
import type { WireError } from '../src/lib/wire';

export type View =
  | { at: 'search'; intent: string }
  | { at: 'app'; key: string }
  | { at: 'session'; id: string }
  | { at: 'connection'; id: string }
  | { at: 'reconnect'; id: string }
  | { at: 'connections' }
  | { at: 'request'; id: string }
  | { at: 'return'; id: string }
  | { at: 'problem'; error: WireError };

export interface Facts {
  redirectUri?: string;
  flow?: string;
  opener?: string;
}

export interface Boot extends Facts {
  token?: string;
  view: View;
  theme: 'light' | 'dark' | 'auto';
}

const KEPT = 'membrane-page';

/** Reads what the engine wrote into the page. */
export function readBoot(): Boot {
  const boot = JSON.parse(document.getElementById('boot')!.textContent!) as Boot;
  const behind = location.hash.startsWith('#page-') ? location.hash.slice(1) : undefined;
  const token = boot.token ?? behind;
  // A reload asks the engine again, with a link that is spent: the page goes on with what it had.
  if (token) remember({ ...boot, token });
  const kept = token ? undefined : recall();
  const found = kept ?? (token ? { ...boot, token } : boot);
  history.replaceState(null, '', location.pathname);
  return found;
}

function remember(boot: Boot): void {
  try {
    sessionStorage.setItem(KEPT + location.pathname, JSON.stringify(boot));
  } catch {
    // In a frame of another site there may be no storage; a reload starts anew there.
  }
}

function recall(): Boot | undefined {
  try {
    const text = sessionStorage.getItem(KEPT + location.pathname);
    return text ? (JSON.parse(text) as Boot) : undefined;
  } catch {
    return undefined;
  }
}
