// The client in a real browser: a click opens a popup, the person signs in there, the page has its connection.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

// The browser's driver belongs to the contract tests.
const { chromium } = createRequire(new URL('../../../tests/contract/package.json', import.meta.url))('playwright-core');
const { MEMBRANE_API_URL: apiUri, MEMBRANE_TOKEN: token } = process.env;
const PAGE = `<!doctype html><title>App</title>
<script type="importmap">{"imports": {"@membrane-desktop/sdk": "/dist/index.js"}}</script>
<script type="module">
  import { Membrane } from '@membrane-desktop/sdk';
  const membrane = new Membrane(${JSON.stringify({ token, apiUri })});
  const say = (text) => { document.title = text; };
  document.querySelector('#connect').onclick = () =>
    membrane.connect({ integrationKey: 'membrane-sandbox' }).then((c) => say(c.state), (e) => say(e.code));
  document.querySelector('#follow').onclick = async () => {
    for await (const message of membrane.events()) { say(message.type); break; }
  };
</script>
<button id="connect">Connect</button><button id="follow">Follow</button>`;

// The page of the README, as it stands there, for this engine and with this token.
const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
const { asPerson } = await import('../../../tests/contract/browser/stage.mjs');
const ELEMENT = `<!doctype html><title>App</title>
<script type="importmap">{"imports": {"@membrane-desktop/sdk/element": "/dist/element.js"}}</script>
${/```html\n([\s\S]*?)```/.exec(readme)[1].replace('http://127.0.0.1:4780', apiUri).replace('pat-…', token)}`;

let browser;
let server;
before(async () => {
  server = createServer(async (request, reply) => {
    const page = { '/': PAGE, '/element': ELEMENT }[request.url];
    if (page) return reply.setHeader('content-type', 'text/html; charset=utf-8').end(page);
    const file = await readFile(new URL(`..${request.url}`, import.meta.url)).catch(() => undefined);
    reply.setHeader('content-type', 'text/javascript').end(file);
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  await asPerson('POST', '/origins', { origin: `http://127.0.0.1:${server.address().port}` });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});
after(async () => {
  await browser?.close();
  server.close();
});

async function open(path = '/') {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}${path}`);
  return page;
}
/** Archives what a test connected, so that the next one connects for the first time. */
async function leave(page) {
  await page.close();
  const { body } = await asPerson('GET', '/connections');
  for (const { id } of body.items) await asPerson('DELETE', `/connections/${id}`);
}
const titled = (page, title) => page.waitForFunction((wanted) => document.title === wanted, title, { timeout: 20_000 });

test('a click connects through a popup that closes by itself', async () => {
  const page = await open();
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#connect')]);
  const closed = popup.waitForEvent('close');
  await popup.click('button[value=allow]');
  await titled(page, 'READY');
  await closed;
  await leave(page);
});

test('a popup that is closed ends it', async () => {
  const page = await open();
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#connect')]);
  await popup.waitForSelector('text=Who are you today?');
  await popup.close();
  await titled(page, 'session_ended');
  await leave(page);
});

test('events are followed from a page', async () => {
  const page = await open();
  await page.click('#follow');
  await titled(page, 'snapshot');
  await leave(page);
});

test('the element of the README connects inside a page, and goes when it is done', async () => {
  const page = await open('/element');
  const frame = page.frameLocator('membrane-connect iframe');
  await frame.locator('[data-testid=method][data-key=basic]').click();
  await frame.getByTestId('field-username').fill('ada');
  await frame.getByTestId('field-password').fill('sandbox');
  await frame.getByTestId('submit').click();
  await titled(page, 'Membrane Sandbox is ready');
  await page.locator('membrane-connect').waitFor({ state: 'detached' });
  await leave(page);
});

test('another account that signs in can be kept, and connect() hears of it', async () => {
  const page = await open();
  const by = async (person) => {
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#connect')]);
    await popup.check(`input[name=person][value=${person}]`);
    await popup.click('button[value=allow]');
    return popup;
  };
  await by('ada');
  await titled(page, 'READY');
  await page.evaluate(() => (document.title = ''));
  const popup = await by('ben');
  await popup.getByTestId('keep').click();
  await titled(page, 'READY');
  await leave(page);
});
