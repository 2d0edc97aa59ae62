// Opens every state in both themes and two sizes: takes a picture into shots/, and fails on a console error, on anything the
// content policy blocks, on sideways scrolling, and on what axe finds. Run with `npm run look [NAME…]`.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { STATES } from './states.mjs';

const PORT = 4399;
const SIZES = [
  { width: 920, height: 640 },
  { width: 640, height: 480 },
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const wanted = process.argv.slice(2);
const server = spawn(process.execPath, ['gallery/serve.mjs', 'dist-gallery', String(PORT)], { stdio: 'inherit' });
await new Promise((done) => setTimeout(done, 500));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
/** @type {string[]} */
const failures = [];

for (const theme of /** @type {const} */ (['light', 'dark'])) {
  for (const viewport of SIZES) {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce', colorScheme: theme });
    for (const [name, state, path] of STATES) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const where = `${name}-${theme}-${viewport.width}`;
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && failures.push(`${where}: ${message.text()}`));
      page.on('pageerror', (error) => failures.push(`${where}: ${error.message}`));
      await page.goto(`http://127.0.0.1:${PORT}/?state=${state}&theme=${theme}#${path}`);
      await page.waitForTimeout(250);
      await page.screenshot({ path: `shots/${where}.png` });
      const wide = await page.evaluate(
        'document.querySelector("main").scrollWidth > document.querySelector("main").clientWidth',
      );
      if (wide) failures.push(`${where}: scrolls sideways`);
      if (viewport === SIZES[0]) {
        await page.evaluate(AXE);
        /** @type {any} */
        const found = await page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(TAGS)} })`);
        for (const { id, nodes } of found.violations) {
          failures.push(`${where}: axe ${id}: ${nodes.map((/** @type {{ html: string }} */ node) => node.html).join(' | ').slice(0, 300)}`);
        }
      }
      await page.close();
    }
    await context.close();
  }
}

await browser.close();
server.kill();
for (const failure of failures) console.error(failure);
console.log(failures.length === 0 ? 'all states look right to a machine' : `${failures.length} findings`);
process.exitCode = failures.length === 0 ? 0 : 1;
