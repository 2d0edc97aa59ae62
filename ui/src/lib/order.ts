// The order of the list: what needs the person first, then by app, accounts of one app side by side.
import type { Connection } from './wire';

export interface Group {
  key: 'attention' | 'connecting' | 'connected' | 'paused';
  title: string;
  items: Connection[];
}

const TITLES: [Group['key'], string][] = [
  ['attention', 'Needs attention'],
  ['connecting', 'Not finished'],
  ['connected', 'Connected'],
  ['paused', 'Paused'],
];

export function group(connections: Connection[]): Group[] {
  const sorted = connections.toSorted(compare);
  return TITLES.map(([key, title]) => ({ key, title, items: sorted.filter((c) => groupOf(c) === key) })).filter(
    (found) => found.items.length > 0,
  );
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

function compare(a: Connection, b: Connection): number {
  return a.appName.localeCompare(b.appName) || identity(a).localeCompare(identity(b)) || a.id.localeCompare(b.id);
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
