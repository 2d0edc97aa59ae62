// Words for people: times, counts, methods, events and scopes, said the same way everywhere.
import type { Connection, DisconnectReason, LifecycleEvent, MethodKind, VaultView } from './wire';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Says a time by its distance: "14:20", "Fri 14:20", "3 Mar 2027". */
export function clock(at: string, now: number): string {
  const time = new Date(at);
  const today = new Date(now);
  const hours = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === today.toDateString()) return hours;
  if (Math.abs(time.getTime() - now) < 6 * DAY) {
    return `${time.toLocaleDateString('en-GB', { weekday: 'short' })} ${hours}`;
  }
  return time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

/** Says how long ago something was: "just now", "3 min ago", "yesterday". */
export function ago(at: string, now: number): string {
  const past = now - new Date(at).getTime();
  if (past < MINUTE) return 'just now';
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  if (past < 2 * DAY) return 'yesterday';
  if (past < 30 * DAY) return `${Math.floor(past / DAY)} days ago`;
  return `on ${clock(at, now)}`;
}

/** A full date and time, for details. */
export function exactly(at: string): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

export function count(n: number, one: string, many: string): string {
  return n === 1 ? `1 ${one}` : `${n} ${many}`;
}

export function methodBadge(kind: MethodKind): string {
  switch (kind) {
    case 'oauth2':
      return 'Sign in';
    case 'device':
      return 'Device code';
    case 'client-credentials':
      return 'Client id and secret';
    case 'api-key':
      return 'Key';
    case 'basic':
      return 'Password';
    case 'mcp':
      return 'MCP server';
  }
}

/** What happened and what the person does, on the reconnect screen. */
export function whatHappened(reason: DisconnectReason | undefined, app: string): string {
  switch (reason) {
    case 'revoked':
      return `${app} ended the access, or somebody signed out there.`;
    case 'expired':
      return `The sign-in ran out, and ${app} gives nothing to renew it with.`;
    case 'key-rejected':
      return `${app} no longer accepts the key.`;
    case 'client-invalid':
      return `${app} refuses your OAuth client. Check its id, secret and permissions, then sign in again.`;
    case 'rotation-lost':
      return `${app} replaced its renewal token while the answer got lost on the way.`;
    case 'secret-lost':
      return 'Its credential is not on this computer any more.';
    case 'other-computer':
      return `It was signed in on another computer, and using it here too would end it there. Sign in to ${app} here.`;
    case undefined:
      return `Sign in to ${app} again to renew the access.`;
  }
}

export function eventSentence(event: LifecycleEvent, app: string): string {
  switch (event.eventType) {
    case 'connection.created':
      return 'Connected for the first time';
    case 'connection.reconnected':
      return 'Reconnected';
    case 'connection.deleted':
      return 'Archived';
    case 'connection.disconnected':
      return event.reason ? `Lost access: ${lower(whatHappened(event.reason, app), app)}` : 'Lost access';
  }
}

function lower(text: string, app: string): string {
  const bare = text.replace(/\.$/, '');
  return bare.startsWith(app) ? bare : bare[0]!.toLowerCase() + bare.slice(1);
}

/** The one thing worth knowing beside the status of a row. */
export function rowNote(connection: Connection, now: number): string {
  const { health } = connection;
  switch (health.status) {
    case 'attention':
      return connection.since ? `since ${clock(connection.since, now)}` : '';
    case 'retrying':
      return connection.nextRetryTimestamp ? `Next try ${clock(connection.nextRetryTimestamp, now)}` : '';
    case 'connected': {
      if (health.warnings.some((w) => w.code === 'sign-in-due') && connection.expiresAt) {
        return `Until ${clock(connection.expiresAt, now)}`;
      }
      return connection.lastActiveAt ? `Used ${ago(connection.lastActiveAt, now)}` : '';
    }
    case 'paused':
    case 'connecting':
      return '';
  }
}

/** Where a credential goes, said before it is given. */
export function kept(vault: VaultView | undefined): string {
  return vault?.backend === 'passphrase'
    ? 'Stored on this computer, sealed with your passphrase.'
    : 'Stored on this computer, protected by your keychain.';
}

export function backendName(vault: VaultView): string {
  switch (vault.backend) {
    case 'secret-service':
      return 'Your desktop’s keychain';
    case 'passphrase':
      return 'A passphrase of yours';
    case 'environment':
      return 'A key given at start';
    case 'memory':
      return 'Memory only';
    default:
      return vault.backend;
  }
}

/** Why a check of a credential didn't work out. */
export function checkFailed(app: string, cause: string | undefined): string {
  if (cause === undefined) return `${app} does not accept the credential.`;
  if (cause === 'no-test-request') return `${app} offers no way to check.`;
  if (/^http-4(01|03)$/.test(cause)) return `${app} does not accept the credential (${cause.slice(5)}).`;
  if (cause.startsWith('http-')) return `${app} answered with an error (${cause.slice(5)}). Try again later.`;
  return `${app} can’t be reached right now.`;
}
