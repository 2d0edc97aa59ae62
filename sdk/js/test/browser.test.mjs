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

let browser;
let server;
before(async () => {
  server = createServer(async (request, reply) => {
    if (!request.url.startsWith('/dist/')) return reply.setHeader('content-type', 'text/html').end(PAGE);
    const file = await readFile(new URL(`..${request.url}`, import.meta.url)).catch(() => undefined);
    reply.setHeader('content-type', 'text/javascript').end(file);
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
});
after(async () => {
  await browser?.close();
  server.close();
});

async function open() {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  return page;
}
const titled = (page, title) => page.waitForFunction((wanted) => document.title === wanted, title, { timeout: 20_000 });

test('a click connects through a popup that closes by itself', async () => {
  const page = await open();
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#connect')]);
  const closed = popup.waitForEvent('close');
  await popup.click('button[value=allow]');
  await titled(page, 'READY');
  await closed;
  await page.close();
});

test('a popup that is closed ends it', async () => {
  const page = await open();
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.click('#connect')]);
  await popup.waitForSelector('text=Who are you today?');
  await popup.close();
  await titled(page, 'session_ended');
  await page.close();
});

test('events are followed from a page', async () => {
  const page = await open();
  await page.click('#follow');
  await titled(page, 'snapshot');
  await page.close();
});
