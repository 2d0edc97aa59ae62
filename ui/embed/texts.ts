// Keeps the texts that the connect page never says out of its script: it speaks English, and of connecting alone.
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** What the page speaks of: the first word of the texts' keys. */
const SPOKEN = ['ago', 'apps', 'check', 'client', 'common', 'connect', 'down', 'ended', 'form', 'method', 'reason', 'row', 'status', 'steps', 'waiting', 'who'];

const groupOf = (key: string) => key.slice(0, key.indexOf('.'));

/** Leaves the other texts out, and fails the build when the page would say one of them. */
export function spokenTexts(english: string): Plugin {
  const all = JSON.parse(readFileSync(english, 'utf8')) as Record<string, string>;
  const kept = Object.entries(all).filter(([key]) => SPOKEN.includes(groupOf(key)));
  const others = new Set(Object.keys(all).map(groupOf).filter((group) => !SPOKEN.includes(group)));
  return {
    name: 'spoken-texts',
    enforce: 'pre',
    load(id) {
      if (id === english) return JSON.stringify(Object.fromEntries(kept));
      return /\/texts\/\w+\.json$/.test(id) ? '{}' : null;
    },
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const [id, { code }] of Object.entries(chunk.modules)) {
          const said = [...(code ?? '').matchAll(/\bt\(\s*['"`]([a-z]+)\./g)].map((match) => match[1]!);
          const missing = said.find((group) => others.has(group));
          if (missing) this.error(`${id} says texts of "${missing}", which embed/texts.ts leaves out`);
        }
      }
    },
  };
}
