// Measures how long the connect page takes until its first app can be chosen.
import { chromium } from 'playwright-core';

const { API, TOKEN, CHROMIUM = '/usr/bin/chromium' } = process.env;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
const times = [];
for (let round = 0; round < 12; round += 1) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.usable = new Promise((done) => {
      const look = () => document.querySelector('[data-testid=app-choice]') && done(performance.now());
      new MutationObserver(look).observe(document, { childList: true, subtree: true });
    });
  });
  await page.goto(`${API}/embed/connect?token=${TOKEN}`);
  times.push(await page.evaluate(() => window.usable));
  await context.close();
}
await browser.close();
times.sort((a, b) => a - b);
console.log(`${times[6].toFixed(0)} ms (${times[0].toFixed(0)}–${times.at(-1).toFixed(0)}, n=${times.length})`);
