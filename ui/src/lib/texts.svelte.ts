// What the console says, in the person's language. The texts are files of their own (`texts/*.json`), which the engine
// reads too: a notification and a banner say the same.
import english from '../../../texts/en.json';

export type Key = keyof typeof english;
export type Language = 'en' | 'de';
type Params = Record<string, string | number>;

export const LANGUAGES: Record<Language, string> = { en: 'English', de: 'Deutsch' };

// What the engine itself says is English; other languages have it under keys that start with "engine.".
let spoken = $state.raw<{ language: Language; texts: Record<string, string> }>({ language: 'en', texts: english });

const LOADERS: Record<Language, () => Promise<Record<string, string>>> = {
  en: async () => english,
  de: async () => (await import('../../../texts/de.json')).default,
};

/** Picks the language of a setting; `system` means the first of the desktop's that is ours. */
export function languageOf(setting: string, desktop: readonly string[] = navigator.languages): Language {
  if (setting in LANGUAGES) return setting as Language;
  const known = desktop.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES);
  return (known ?? 'en') as Language;
}

/** Speaks a language from now on; everything that is shown changes. */
export async function speak(language: Language): Promise<void> {
  if (spoken.language !== language) spoken = { language, texts: await LOADERS[language]() };
}

export function language(): Language {
  return spoken.language;
}

/** Returns a text with its slots filled. */
export function t(key: Key, params?: Params): string {
  return fill(spoken.texts[key] ?? english[key] ?? key, params);
}

/** Returns the text for a number: `KEY.one` or `KEY.other`. */
export function tn<K extends string>(key: `${K}.one` extends Key ? K : never, n: number, params?: Params): string {
  return t(`${key}.${n === 1 ? 'one' : 'other'}` as Key, { n, ...params });
}

/** Returns what the engine says in a language that is not its own, or nothing. */
export function translated(key: string, params?: Params): string | undefined {
  const text = spoken.texts[`engine.${key}`];
  return text === undefined ? undefined : fill(text, params);
}

/** Returns a text whose key is put together at run time, or the fallback. */
export function maybe(key: string, fallback: string, params?: Params): string {
  const text = spoken.texts[key];
  return text === undefined ? fallback : fill(text, params);
}

function fill(text: string, params?: Params): string {
  return params ? text.replace(/\{(\w+)\}/g, (slot, name: string) => String(params[name] ?? slot)) : text;
}
