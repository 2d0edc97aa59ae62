// The apps' logos for the builds of the console and the connect page: which there are, and their files.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const folder = fileURLToPath(new URL('../icons/apps/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.svg'));

/** The apps that have a logo, for code that asks. */
export const define = { LOGOS: JSON.stringify(files.map((file) => file.slice(0, -'.svg'.length)).join(' ')) };

/** Puts the logos beside the pages, each a file that is read when it is shown. */
export function logos(): Plugin {
  return {
    name: 'logos',
    apply: 'build',
    generateBundle() {
      for (const file of files) {
        this.emitFile({ type: 'asset', fileName: `logos/${file}`, source: readFileSync(folder + file) });
      }
    },
  };
}
