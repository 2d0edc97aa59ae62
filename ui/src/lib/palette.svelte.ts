// The command palette: connections, actions and apps in one ranked list; what was chosen last comes first.
import { actionsOf, generalActions, type Action } from './actions';
import { api } from './api';
import { identity } from './order';
import { place } from './place.svelte';
import { live } from './store.svelte';
import { t } from './texts.svelte';
import type { AppSummary, Connection } from './wire';

export interface Entry {
  id: string;
  group: 'recent' | 'connections' | 'actions' | 'apps';
  label: string;
  note?: string;
  /** Whose face is shown. */
  app?: { key: string; name: string };
  shortcut?: string;
  run: () => void;
}

const RECENT = 'palette-recent';
const RECENT_MAX = 5;
const GROUP_MAX = 6;

/** How well a text fits what was typed: 0 for not at all. Whole words count more than starts, starts more than parts. */
export function fit(text: string, typed: string): number {
  const hay = fold(text);
  const words = fold(typed).split(/\s+/).filter(Boolean);
  if (words.length === 0) return 1;
  let score = 0;
  for (const word of words) {
    const at = hay.indexOf(word);
    if (at < 0) return 0;
    const starts = at === 0 || /\W/.test(hay[at - 1]!);
    const ends = at + word.length === hay.length || /\W/.test(hay[at + word.length]!);
    score += at === 0 ? 4 : starts ? 3 : 1;
    if (starts && ends) score += 1;
  }
  return score / words.length;
}

const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

class Palette {
  open = $state(false);
  apps = $state.raw<AppSummary[]>([]);
  #recent: string[] = read();

  show(): void {
    this.open = true;
    // What was found before stays while the catalog is asked again.
    api.apps().then((page) => (this.apps = page.items), () => {});
  }

  /** What fits, in groups; nothing typed shows what was chosen last, then what is usual. */
  entries(typed: string): Entry[] {
    const text = typed.trim();
    const here = 'id' in place.route ? live.connection(place.route.id) : undefined;
    const actions = [
      ...(here ? actionsOf(here).map((action) => entryOf(action, here)) : []),
      ...generalActions().map((action) => entryOf(action)),
    ];
    const connections = live.connections.map(connectionEntry);
    if (text === '') {
      const all = [...actions, ...connections];
      const recent = this.#recent.flatMap((id) => all.find((entry) => entry.id === id) ?? []);
      const known = new Set(recent.map((entry) => entry.id));
      const rest = (list: Entry[], max: number) => list.filter((entry) => !known.has(entry.id)).slice(0, max);
      return [
        ...recent.map((entry): Entry => ({ ...entry, group: 'recent' })),
        ...rest(actions, here ? 10 : 6),
        ...rest(connections, GROUP_MAX),
      ];
    }
    // Actions on connections where both are named: "github pause".
    const words = fold(text).split(/\s+/);
    const some = (hay: string) => words.some((word) => fit(hay, word) > 0);
    const onOthers = live.connections
      .filter((connection) => connection !== here && some(connectionText(connection)))
      .slice(0, 5)
      .flatMap((connection) =>
        actionsOf(connection).filter((action) => some(action.label)).map((action) => entryOf(action, connection)),
      );
    const ranked = (list: Entry[], max: number) =>
      list
        .map((entry) => ({ entry, score: fit(`${entry.label} ${entry.note ?? ''}`, text) }))
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score || this.#rank(a.entry) - this.#rank(b.entry))
        .slice(0, max)
        .map(({ entry }) => entry);
    const groups = [
      ranked(connections, GROUP_MAX),
      ranked([...actions, ...onOthers], GROUP_MAX),
      ranked(this.apps.map(appEntry), GROUP_MAX),
    ];
    const best = (list: Entry[]) => (list[0] ? fit(list[0].label, text) : 0);
    return groups.sort((a, b) => best(b) - best(a)).flat();
  }

  choose(entry: Entry): void {
    this.open = false;
    this.#recent = [entry.id, ...this.#recent.filter((id) => id !== entry.id)].slice(0, RECENT_MAX);
    localStorage.setItem(RECENT, JSON.stringify(this.#recent));
    entry.run();
  }

  #rank(entry: Entry): number {
    const at = this.#recent.indexOf(entry.id);
    return at < 0 ? RECENT_MAX : at;
  }
}

function read(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(RECENT) ?? '[]');
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

function connectionText(connection: Connection): string {
  return `${connection.appName} ${identity(connection)}`;
}

function connectionEntry(connection: Connection): Entry {
  return {
    id: `connection:${connection.id}`,
    group: 'connections',
    label: connection.appName,
    note: identity(connection),
    app: { key: connection.integrationKey, name: connection.appName },
    run: () => place.go({ at: 'connection', id: connection.id }),
  };
}

function entryOf(action: Action, about?: Connection): Entry {
  const name = about && [about.appName, identity(about)].filter(Boolean).join(' · ');
  return {
    id: about ? `${action.id}:${about.id}` : `action:${action.id}`,
    group: 'actions',
    label: name ? t('palette.of', { action: action.label.replace(/\s?…$/, ''), name }) : action.label,
    shortcut: action.shortcut,
    run: action.run,
  };
}

function appEntry(app: AppSummary): Entry {
  return {
    id: `app:${app.key}`,
    group: 'apps',
    label: t('action.connect', { app: app.name }),
    app: { key: app.key, name: app.name },
    run: () => place.go({ at: 'connect', app: app.key }),
  };
}

export const palette = new Palette();
