// Words for people: times, counts, events and states, said the same way everywhere and in the person's language.
import { language, maybe, t, translated, type Key } from './texts.svelte';
import type { Activity, Connection, DisconnectReason, EngineStatus, Finding, HealthStatus, MethodKind, SearchItem, VaultView } from './wire';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const locale = () => (language() === 'de' ? 'de-DE' : 'en-GB');

/** Says a time by its distance: "14:20", "Fri 14:20", "3 Mar 2027". */
export function clock(at: string, now: number): string {
  const time = new Date(at);
  const today = new Date(now);
  const hours = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === today.toDateString()) return hours;
  if (Math.abs(time.getTime() - now) < 6 * DAY) {
    return `${time.toLocaleDateString(locale(), { weekday: 'short' })} ${hours}`;
  }
  return time.toLocaleDateString(locale(), { day: 'numeric', month: 'short', year: 'numeric' });
}

/** Says how long ago something was: "just now", "3 min ago", "yesterday". */
export function ago(at: string, now: number): string {
  const past = now - new Date(at).getTime();
  if (past < MINUTE) return t('ago.now');
  if (past < HOUR) return t('ago.minutes', { n: Math.floor(past / MINUTE) });
  if (past < DAY) return t('ago.hours', { n: Math.floor(past / HOUR) });
  if (past < 2 * DAY) return t('ago.yesterday');
  if (past < 30 * DAY) return t('ago.days', { n: Math.floor(past / DAY) });
  return t('ago.on', { time: clock(at, now) });
}

/** Says a day: "Today", "Yesterday", "Tuesday, 3 March". */
export function day(at: string, now: number): string {
  const time = new Date(at);
  if (time.toDateString() === new Date(now).toDateString()) return t('activity.today');
  if (time.toDateString() === new Date(now - DAY).toDateString()) return t('activity.yesterday');
  const year = time.getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return time.toLocaleDateString(locale(), { weekday: 'long', day: 'numeric', month: 'long', year });
}

/** The time of a day: "14:20". */
export function hour(at: string): string {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** A full date and time, for details. */
export function exactly(at: string): string {
  return new Date(at).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' });
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

export function methodBadge(kind: MethodKind): string {
  return maybe(`method.${kind}`, kind);
}

export function statusLabel(status: HealthStatus): string {
  return t(`status.${status}`);
}

/** What happened and what the person does, on the reconnect screen. */
export function whatHappened(reason: DisconnectReason | undefined, app: string): string {
  return t(`reason.${reason ?? 'none'}`, { app });
}

/** How a connection stands, in a sentence. */
export function standing(connection: Connection, now: number): string {
  if (language() === 'en') return connection.health.sentence;
  const { health, appName: app } = connection;
  const say = (at: string | null | undefined) => (at ? clock(at, now) : '');
  const high = health.warnings.find((warning) => warning.severity === 'high');
  const sentence = () => {
    switch (health.status) {
      case 'connecting':
        return translated('health.connecting', { app });
      case 'attention':
        return translated('health.attention', { app, time: say(connection.since), why: whatHappened(connection.reason, app) });
      case 'paused':
        return translated('health.paused');
      case 'retrying': {
        const cause = high && translated(`warning.${high.code}`, { app });
        const again = connection.nextRetryTimestamp && translated('health.again', { time: say(connection.nextRetryTimestamp) });
        return cause && [cause, again].filter(Boolean).join(' ');
      }
      case 'connected':
        if (connection.canRefreshCredentials) {
          const time = say(connection.nextCredentialsRefreshAt);
          return time ? translated('health.renewsAt', { time }) : translated('health.renews');
        }
        return connection.expiresAt
          ? translated('health.until', { time: say(connection.expiresAt) })
          : translated('health.lasting');
    }
  };
  return sentence() ?? health.sentence;
}

/** A warning of a connection, in the person's language where it is known. */
export function warningText(connection: Connection, warning: Connection['health']['warnings'][number], now: number): string {
  const time = connection.expiresAt ? clock(connection.expiresAt, now) : '';
  return translated(`warning.${warning.code}`, { app: connection.appName, time }) ?? warning.text;
}

/** The one thing worth knowing beside the status of a row. */
export function rowNote(connection: Connection, now: number, by?: string): string {
  const { health } = connection;
  switch (health.status) {
    case 'attention':
      return connection.since ? t('row.since', { time: clock(connection.since, now) }) : '';
    case 'retrying':
      return connection.nextRetryTimestamp ? t('row.nextTry', { time: clock(connection.nextRetryTimestamp, now) }) : '';
    case 'connected': {
      if (health.warnings.some((w) => w.code === 'sign-in-due' || w.code === 'expires-soon') && connection.expiresAt) {
        return t('row.until', { time: clock(connection.expiresAt, now) });
      }
      if (!connection.lastActiveAt) return '';
      const time = ago(connection.lastActiveAt, now);
      return by ? t('row.usedBy', { ago: time, who: by }) : t('row.used', { ago: time });
    }
    case 'paused':
    case 'connecting':
      return '';
  }
}

/** Who used a connection. */
export function who(by: Activity['by']): string {
  if (!by) return '';
  if (by.kind === 'client') return by.name ?? t('who.client');
  return t('who.terminal');
}

const ACTIVITY: Record<Exclude<Activity['kind'], 'used'>, Key> = {
  'connection.created': 'activity.created',
  'connection.reconnected': 'activity.reconnected',
  'connection.deleted': 'activity.deleted',
  'connection.disconnected': 'activity.disconnected',
};

/** What happened, in a sentence that names the app. */
export function activitySentence(item: Activity): string {
  const app = item.appName;
  if (item.kind === 'used') {
    const key = item.uses === 1 ? 'event.usedApp.one' : 'event.usedApp.other';
    return t(key, { who: who(item.by), app, n: item.uses });
  }
  return t(ACTIVITY[item.kind], { app });
}

/** What happened, on the page of the connection itself. */
export function eventSentence(item: Pick<Activity, 'kind' | 'uses' | 'by'>): string {
  if (item.kind === 'used') {
    return t(item.uses === 1 ? 'event.used.one' : 'event.used.other', { who: who(item.by), n: item.uses });
  }
  return t(`event.${item.kind}`);
}

/** Where a credential goes, said before it is given. */
export function kept(vault: VaultView | undefined): string {
  if (vault?.backend === 'passphrase') return t('connect.kept.passphrase');
  return vault?.backend === 'environment' ? t('connect.kept.environment') : t('connect.kept.keychain');
}

export function backendName(vault: VaultView): string {
  return maybe(`vault.backend.${vault.backend}`, vault.backend);
}

export function vaultSentence(vault: VaultView): string {
  return translated(`vault.${vault.state}`) ?? vault.sentence;
}

export function engineSentence(status: EngineStatus): string {
  const { pid, mode, startedAt } = status.engine;
  return t(mode === 'desktop' ? 'settings.engine.desktop' : 'settings.engine.headless', { pid, time: exactly(startedAt) });
}

/** A finding of the doctor and its fix. */
export function findingTexts(finding: Finding): { sentence: string; fix: string | undefined } {
  const key = `doctor.${finding.subject}.${finding.case}`;
  return {
    sentence: translated(key, finding.facts) ?? finding.sentence,
    fix: finding.fix && (translated(`${key}.fix`, finding.facts) ?? finding.fix),
  };
}

/** Why a check of a credential didn't work out. */
export function checkFailed(app: string, cause: string | undefined): string {
  if (cause === undefined) return t('check.refused', { app });
  if (cause === 'no-test-request') return t('check.noWay', { app });
  if (/^http-4(01|03)$/.test(cause)) return t('check.refusedCode', { app, code: cause.slice(5) });
  if (cause.startsWith('http-')) return t('check.error', { app, code: cause.slice(5) });
  return t('check.silent', { app });
}

/** What a notification about a lost access says; a banner in the window says the same. */
export function notice(connection: Connection, withAccount: boolean): { title: string; body: string } {
  const asSignedOut = ['revoked', 'expired', 'rotation-lost'];
  const reason = !connection.reason || asSignedOut.includes(connection.reason) ? 'revoked' : connection.reason;
  const name = (withAccount && connection.account?.label) || t('notice.connection');
  return {
    title: t('notice.needsYou', { app: connection.appName }),
    body: t(`notice.${reason as 'revoked'}`, { who: name }),
  };
}

/** Why an app fits, in words that follow its name. */
export function reasonText({ reason, because }: Pick<SearchItem, 'reason' | 'because'>): string {
  if (!because) return reason;
  if (because.kind === 'capability') return translated(`capability.${because.what}`) ?? reason;
  const what = because.kind === 'category' ? categoryName(because.what) : because.what;
  return translated(`reason.${because.kind}`, { what }) ?? reason;
}

/** A category of the catalog: "Developer tools". */
export function categoryName(category: string): string {
  return translated(`category.${category}`) ?? (category[0]?.toUpperCase() ?? '') + category.slice(1).replaceAll('-', ' ');
}
