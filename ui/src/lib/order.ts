// The order of the list: what needs the person first, then by app, accounts of one app side by side.
import { t } from './texts.svelte';
import type { Connection, HealthStatus } from './wire';

export interface Group {
  key: 'attention' | 'connecting' | 'connected' | 'paused';
  title: string;
  items: Connection[];
}

const KEYS: Group['key'][] = ['attention', 'connecting', 'connected', 'paused'];

export function group(connections: Connection[]): Group[] {
  const sorted = connections.toSorted(compare);
  const groups = KEYS.map((key) => ({ key, title: t(`home.group.${key}`), items: sorted.filter((c) => groupOf(c) === key) }));
  return groups.filter((found) => found.items.length > 0);
}

function groupOf(connection: Connection): Group['key'] {
  switch (connection.health.status) {
    case 'attention':
      return 'attention';
    case 'connecting':
      return 'connecting';
    case 'connected':
    case 'retrying':
      return 'connected';
    case 'paused':
      return 'paused';
  }
}

const names = new Intl.Collator();

function compare(a: Connection, b: Connection): number {
  return names.compare(a.appName, b.appName) || names.compare(identity(a), identity(b)) || (a.id < b.id ? -1 : 1);
}

/** What tells this connection from others of its app. */
export function identity(connection: Connection): string {
  const own = connection.name !== connection.appName ? connection.name : '';
  const account = connection.account?.label ?? '';
  if (own && account && own !== account) return `${own} · ${account}`;
  return own || account;
}

export function matches(connection: Connection, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hay = [
    connection.appName,
    connection.name,
    connection.account?.label,
    connection.integrationKey,
    connection.id,
    connection.key,
    connection.health.label,
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => hay.includes(word));
}

/** How an app that has connections already stands: the worst of them, and whose they are. */
export function standingOf(connections: Connection[], app: string): { status: HealthStatus; label: string } | null {
  const own = connections.filter((c) => c.integrationKey === app && c.health.status !== 'connecting');
  const worst = own.find((c) => c.health.status === 'attention') ?? own[0];
  if (!worst) return null;
  const who = identity(worst);
  const { status } = worst.health;
  if (status === 'attention') return { status, label: t('search.needsReconnect') };
  if (own.length > 1) return { status, label: t('search.connectedMany', { n: own.length }) };
  return { status, label: who ? t('search.connectedAs', { who }) : t('status.connected') };
}
