// Accessibility (WCAG 2.2 AA) of every state in both themes, and that nothing is cut off: in a small window, and with
// text at 200 %. Usage: node axe.mjs [ONLY]
import axe from 'axe-core';
import { everyState } from './gallery.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const problems = [];
let looked = 0;

async function overflow(page, how, name) {
  await page.settled();
  const wide = await page.page.evaluate(() => {
    const root = document.documentElement;
    const main = document.querySelector('main');
    return root.scrollWidth > innerWidth || (main !== null && main.scrollWidth > main.clientWidth + 1);
  });
  if (wide) problems.push(`${name}: wider than the window ${how}`);
}

const failed = await everyState({
  sizes: [[920, 640]],
  only: process.argv[2],
  look: async ({ page, name, theme }) => {
    looked += 1;
    await page.page.evaluate(axe.source);
    const found = await page.page.evaluate((values) => globalThis.axe.run(document, {
      runOnly: { type: 'tag', values },
      // A menu that is open stands outside of the landmarks, as menus do.
      rules: { region: { enabled: document.querySelector('[role=menu]') === null } },
    }), TAGS);
    for (const { id, nodes } of found.violations) {
      problems.push(`${name}: ${id} at ${nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}: ${nodes[0].failureSummary.split('\n')[1] ?? ''}`);
    }
    // Layout is the same in both themes.
    if (theme !== 'light') return;
    await page.page.setViewportSize({ width: 640, height: 480 });
    await overflow(page, 'at 640×480', name);
    await page.page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    await page.page.setViewportSize({ width: 920, height: 640 });
    await overflow(page, 'with text at 200 %', name);
  },
});
for (const one of [...failed.map((text) => `not reached: ${text}`), ...problems]) console.error(one);
console.log(`${looked} states looked at, ${problems.length + failed.length} problems`);
process.exitCode = problems.length + failed.length > 0 ? 1 : 0;
