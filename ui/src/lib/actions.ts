// Everything that can be done, once: rows, pages, the palette and keys run the same actions.
import { api, asProblem } from './api';
import { archiving } from './archiving.svelte';
import { copy } from './clipboard';
import type { Shortcut } from './keys';
import { place } from './place.svelte';
import { preferences } from './settings.svelte';
import { live } from './store.svelte';
import { t } from './texts.svelte';
import { toasts } from './toast.svelte';
import type { Connection } from './wire';
import { checkFailed } from './words';

/** Something to do, with its name and its key. */
export interface Action {
  id: string;
  label: string;
  run: () => void;
  testid?: string;
  danger?: boolean;
  /** Set off from the actions before it. */
  apart?: boolean;
  shortcut?: Shortcut;
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
      return result.success ? t('done.accepts', { app }) : checkFailed(app, result.cause);
    }
    await api.renew(connection.id);
    return t('done.renewed', { app });
  });
}

export function pause(connection: Connection, minutes?: number): Promise<void> {
  return told(async () => {
    await api.pause(connection.id, minutes);
    return t(minutes === undefined ? 'done.paused' : 'done.pausedHour', { app: connection.appName });
  });
}

export function resume(connection: Connection): Promise<void> {
  return told(async () => {
    await api.resume(connection.id);
    return t('done.resumed', { app: connection.appName });
  });
}

export function copyId(connection: Connection): Promise<void> {
  return told(async () => ((await copy(connection.id)) ? t('common.copiedId') : t('common.noClipboard')));
}

export function writeBundle(): Promise<void> {
  return told(async () => t('done.bundle', { path: (await api.writeBundle()).path }));
}

export function pauseAll(): Promise<void> {
  return told(async () => {
    await api.pauseAll(60);
    return t('done.pausedAll');
  });
}

export function resumeAll(): Promise<void> {
  return told(async () => {
    await api.resumeAll();
    return t('done.resumedAll');
  });
}

export function canCheck(connection: Connection): boolean {
  return connection.connected && connection.health.status !== 'paused' && (connection.canTest || connection.canRefreshCredentials);
}

/** What can be done with a connection. */
export function actionsOf(connection: Connection): Action[] {
  const actions: Action[] = [];
  const { status } = connection.health;
  if (status !== 'connecting') {
    const run = () => place.go({ at: 'reconnect', id: connection.id });
    actions.push({ id: 'reconnect', label: t('action.reconnect'), testid: 'menu-reconnect', run });
  }
  if (canCheck(connection)) {
    const run = () => void check(connection);
    actions.push({ id: 'check', label: t('action.check'), testid: 'menu-check', shortcut: 'mod+r', run });
  }
  if (status === 'paused') {
    actions.push({ id: 'resume', label: t('action.resume'), testid: 'menu-resume', run: () => void resume(connection) });
  } else if (connection.connected) {
    actions.push({ id: 'pause', label: t('action.pause'), testid: 'menu-pause', run: () => void pause(connection, 60) });
  }
  actions.push({ id: 'copy', label: t('action.copyId'), run: () => void copyId(connection) });
  actions.push({
    id: 'archive',
    label: t('action.archive'),
    testid: 'menu-archive',
    danger: true,
    apart: true,
    shortcut: 'mod+backspace',
    run: () => archiving.ask(connection),
  });
  return actions;
}

/** What can be done without any one connection. */
export function generalActions(): Action[] {
  const resting = live.status?.pausedUntil !== undefined;
  const looks = (['light', 'dark', 'system'] as const).filter((look) => look !== preferences.value?.appearance);
  return [
    { id: 'add', label: t('action.add'), shortcut: 'mod+n', run: () => place.go({ at: 'search', intent: '' }) },
    { id: 'go-home', label: t('nav.connections'), shortcut: 'mod+1', run: () => place.go({ at: 'home' }) },
    { id: 'go-activity', label: t('nav.activity'), shortcut: 'mod+2', run: () => place.go({ at: 'activity' }) },
    { id: 'go-apps', label: t('nav.apps'), shortcut: 'mod+3', run: () => place.go({ at: 'apps' }) },
    { id: 'go-webhooks', label: t('nav.webhooks'), shortcut: 'mod+4', run: () => place.go({ at: 'webhooks' }) },
    { id: 'go-settings', label: t('nav.settings'), shortcut: 'mod+,', run: () => place.go({ at: 'settings', part: 'general' }) },
    resting
      ? { id: 'resume-all', label: t('action.resumeAll'), run: () => void resumeAll() }
      : { id: 'pause-all', label: t('action.pauseAll'), run: () => void pauseAll() },
    { id: 'diagnose', label: t('action.diagnose'), run: () => place.go({ at: 'settings', part: 'diagnostics' }) },
    { id: 'bundle', label: t('action.bundle'), run: () => void writeBundle() },
    ...looks.map((look) => ({
      id: `theme-${look}`,
      label: t(`action.theme.${look}`),
      run: () => void preferences.change({ appearance: look }),
    })),
  ];
}
