// Measures the console in headless Chromium on a real engine, and prints one JSON document.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Engine } from './engine.mjs';
import { Console, openBrowser } from './page.mjs';

const MANY = Number(process.env.MEMBRANE_BENCH_CONNECTIONS ?? 1000);
const ROUNDS = 15;

const engine = await Engine.start();
for (let i = 0; i < MANY; i += 20) {
  await Promise.all(Array.from({ length: Math.min(20, MANY - i) }, (_, j) => engine.connect('membrane-sandbox', (i + j) % 2 ? 'ada' : 'ben', `Account ${i + j}`)));
}
const browser = await openBrowser();
const page = await Console.open(browser, engine);
const inPage = (work, argument) => page.page.evaluate(work, argument);
await page.get('connection-row').first().waitFor();

// From the address to a list that can be used, in a page that has its token already.
const lists = [];
for (let i = 0; i < ROUNDS; i += 1) {
  await page.page.reload({ waitUntil: 'commit' });
  lists.push(await inPage(() => new Promise((done) => {
    const there = () => document.querySelector('[data-testid=connection-row]') ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(there);
    there();
  })));
}
const shift = await inPage(() => new Promise((done) => {
  let total = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value; }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(total), 500);
}));
const paint = await inPage(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);

// From a change of place to its first frame.
const routes = [];
const [first] = (await engine.call('GET', '/connections?limit=1')).items;
const places = ['/settings', '/', '/activity', '/apps', '/connect', '/', `/connections/${first.id}`, '/webhooks', '/', '/settings/api'];
for (const path of Array.from({ length: 3 * places.length }, (_, i) => places[i % places.length])) {
  routes.push({ path: path.replace(first.id, ':id'), took: await inPage((to) => new Promise((done) => {
    const started = performance.now();
    location.hash = to;
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
  }), path) });
  await page.settled();
}
const slowest = routes.reduce((a, b) => (a.took > b.took ? a : b));

// From a key to the results of a search, on the connect page.
await page.go('/connect');
await page.get('app-choice').first().waitFor();
const typing = [];
for (const letter of 'send email ') {
  const before = inPage(() => new Promise((done) => {
    const list = document.querySelector('main');
    setTimeout(() => done(null), 1500);
    addEventListener('input', () => {
      const started = performance.now();
      new MutationObserver((_, observer) => { observer.disconnect(); requestAnimationFrame(() => done(performance.now() - started)); }).observe(list, { childList: true, subtree: true, characterData: true });
    }, { once: true, capture: true });
  }));
  await page.type(letter);
  const took = await before;
  if (took !== null) typing.push(took);
}

// From a key to the filtered list of all connections.
await page.go('/');
await page.get('connection-row').first().waitFor();
await page.press('/');
const filtering = [];
for (const letter of 'account 77') {
  const before = inPage(() => new Promise((done) => {
    setTimeout(() => done(null), 1500);
    addEventListener('input', () => { const started = performance.now(); requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started))); }, { once: true, capture: true });
  }));
  await page.type(letter);
  const took = await before;
  if (took !== null) filtering.push(took);
}
await page.press('Escape');

// Frames while all connections are scrolled through.
const frames = await inPage(() => new Promise((done) => {
  const main = document.querySelector('main');
  const times = [];
  let last = performance.now();
  const step = (now) => {
    times.push(now - last);
    last = now;
    main.scrollTop += 400;
    if (main.scrollTop + main.clientHeight < main.scrollHeight - 1) requestAnimationFrame(step);
    else done(times.slice(1));
  };
  requestAnimationFrame(step);
}));

const assets = resolve(import.meta.dirname, '../../ui/dist/assets');
const weigh = (wanted) => readdirSync(assets).filter(wanted).reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0);
const atStart = (name) => /\.(js|css)$/.test(name) && !/^de-/.test(name);
const sorted = (list) => list.toSorted((a, b) => a - b);
const at = (list, share) => sorted(list)[Math.min(list.length - 1, Math.floor(list.length * share))];
const said = (list) => ({ middle: at(list, 0.5), p95: at(list, 0.95), worst: at(list, 1), count: list.length });
console.log(JSON.stringify({
  gzip: weigh(atStart),
  language: weigh((name) => /^de-.*\.js$/.test(name)),
  list: said(lists),
  paint,
  shift,
  route: { ...said(routes.map(({ took }) => took)), slowest: slowest.path },
  typing: said(typing),
  filtering: said(filtering),
  frames: { ...said(frames), late: frames.filter((time) => time > 34).length },
}));
await browser.close();
await engine.stop();
