// Takes a picture of every state. Usage: node shots.mjs FOLDER [ONLY] [WIDTHxHEIGHT[@SCALE] …]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { everyState } from './gallery.mjs';

const [folder, only, ...sizes] = process.argv.slice(2);
if (!folder) throw new Error('say where the pictures go');
mkdirSync(folder, { recursive: true });
const wanted = sizes.length > 0 ? sizes.map((size) => size.split(/[x@]/).map(Number)) : [[920, 640], [640, 480]];
let taken = 0;
const failed = await everyState({
  sizes: wanted,
  only: only === 'all' ? undefined : only,
  look: async ({ page, state, theme, width, height }) => {
    await page.page.screenshot({ path: join(folder, `${state.name}-${theme}-${width}x${height}.png`), caret: 'initial' });
    taken += 1;
  },
});
for (const one of failed) console.error(`not reached: ${one}`);
console.log(`${taken} pictures in ${folder}`);
process.exitCode = failed.length > 0 ? 1 : 0;
