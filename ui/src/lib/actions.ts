// What can be done with a connection, the same from its row and from its page.
import { api, asProblem } from './api';
import { copy } from './clipboard';
import { place } from './place.svelte';
import { toasts } from './toast.svelte';
import type { Connection } from './wire';
import { checkFailed } from './words';

/** One entry of a menu. */
export interface Action {
  label: string;
  run: () => void;
  testid?: string;
  danger?: boolean;
  apart?: boolean;
}

/** Runs something and says how it went. */
async function told(work: () => Promise<string>): Promise<void> {
  try {
    toasts.say(await work());
  } catch (thrown) {
    const problem = asProblem(thrown);
    toasts.say(`${problem.message} ${problem.hint}`, 'danger');
  }
}

export function check(connection: Connection): Promise<void> {
  const app = connection.appName;
  return told(async () => {
    if (connection.canTest) {
      const result = await api.test(connection.id);
      return result.success ? `${app} accepts the credential.` : checkFailed(app, result.cause);
    }
    await api.renew(connection.id);
    return `The access to ${app} was renewed.`;
  });
}

export function renew(connection: Connection): Promise<void> {
  return told(async () => {
    await api.renew(connection.id);
    return `The access to ${connection.appName} was renewed.`;
  });
}

export function pause(connection: Connection, minutes?: number): Promise<void> {
  return told(async () => {
    await api.pause(connection.id, minutes);
    return minutes === undefined ? `${connection.appName} is paused.` : `${connection.appName} is paused for an hour.`;
  });
}

export function resume(connection: Connection): Promise<void> {
  return told(async () => {
    await api.resume(connection.id);
    return `${connection.appName} is back.`;
  });
}

export function copyId(connection: Connection): Promise<void> {
  return told(async () => ((await copy(connection.id)) ? 'Copied the id.' : 'The clipboard can’t be reached.'));
}

/** The menu of a connection. */
export function menuOf(connection: Connection, archive: (connection: Connection) => void): Action[] {
  const actions: Action[] = [];
  const { status } = connection.health;
  if (status !== 'connecting') {
    const run = () => place.go({ at: 'reconnect', id: connection.id });
    actions.push({ label: 'Reconnect', testid: 'menu-reconnect', run });
  }
  if (connection.connected && (connection.canTest || connection.canRefreshCredentials)) {
    actions.push({ label: 'Check now', testid: 'menu-check', run: () => void check(connection) });
  }
  if (status === 'paused') {
    actions.push({ label: 'Resume', testid: 'menu-resume', run: () => void resume(connection) });
  } else if (connection.connected) {
    actions.push({ label: 'Pause for 1 hour', testid: 'menu-pause', run: () => void pause(connection, 60) });
  }
  actions.push({ label: 'Copy id', run: () => void copyId(connection) });
  actions.push({
    label: 'Archive…',
    testid: 'menu-archive',
    danger: true,
    apart: true,
    run: () => archive(connection),
  });
  return actions;
}
