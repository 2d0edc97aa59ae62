// Walks through the console by keyboard and mouse, on the made-up core, under the app's content policy and with frozen
// prototypes. Run with `npm run walk`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chromium } from 'playwright-core';

const PORT = 4398;
const server = spawn(process.execPath, ['gallery/serve.mjs', 'dist-gallery', String(PORT)], { stdio: 'inherit' });
await new Promise((done) => setTimeout(done, 500));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 920, height: 640 }, reducedMotion: 'reduce' });
await context.grantPermissions(['clipboard-read', 'clipboard-write']);
let failed = 0;

/** @param {string} name @param {string} state @param {string} path @param {(page: import('playwright-core').Page) => Promise<void>} walk */
async function test(name, state, path, walk) {
  const page = await context.newPage();
  page.setDefaultTimeout(3000);
  /** @type {string[]} */
  const errors = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`http://127.0.0.1:${PORT}/?state=${state}#${path}`);
  try {
    await walk(page);
    assert.deepEqual(errors, []);
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n      ${error instanceof Error ? error.message : error} ${errors.join(' ')}`);
  }
  await page.close();
}

const at = (/** @type {import('playwright-core').Page} */ page) => page.evaluate('location.hash');
const focused = (/** @type {import('playwright-core').Page} */ page) =>
  page.evaluate('document.activeElement.dataset.testid ?? document.activeElement.closest("[data-testid]")?.dataset.testid');

await test('the list is walked with arrows, opened with Enter and left with Esc', 'full', '/', async (page) => {
  await page.getByTestId('connection-row').first().waitFor();
  await page.keyboard.press('/');
  assert.equal(await focused(page), 'search');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByTestId('connection-status').waitFor();
  assert.equal(await at(page), '#/connections/con_stripe11');
  await page.keyboard.press('Escape');
  await page.getByTestId('connection-row').first().waitFor();
});

await test('Ctrl+K leads to the search from anywhere, and what is typed filters', 'full', '/settings', async (page) => {
  await page.getByTestId('vault-state').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByTestId('search').waitFor();
  await page.keyboard.type('github octo');
  assert.equal(await page.getByTestId('connection-row').count(), 1);
  await page.keyboard.press('Escape');
  assert.equal(await page.getByTestId('connection-row').count(), 12);
});

await test('archiving from the row’s menu asks once and gives the focus back', 'full', '/', async (page) => {
  const row = page.locator('[data-id=con_notion15]');
  await row.getByTestId('more').click();
  await page.getByTestId('menu-archive').click();
  await page.getByTestId('archive-confirm').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('archive-confirm').waitFor({ state: 'detached' });
  assert.equal(await at(page), '#/');
  await row.getByTestId('more').click();
  await page.getByTestId('menu-archive').click();
  await page.getByTestId('archive-confirm').click();
  await row.waitFor({ state: 'detached' });
});

await test('archiving from the page leads home', 'full', '/connections/con_notion15', async (page) => {
  await page.getByTestId('archive').click();
  await page.getByTestId('archive-confirm').click();
  await page.getByTestId('group-attention').waitFor();
  assert.equal(await at(page), '#/');
});

await test('an intent leads to choices, and a choice to its page', 'full', '/connect', async (page) => {
  await page.getByTestId('app-choice').first().waitFor();
  await page.keyboard.type('crm');
  await page.waitForFunction('document.querySelectorAll("[data-testid=app-choice]").length === 3');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByTestId('submit').waitFor();
  assert.equal(await at(page), '#/connect/membrane-sandbox');
  await page.getByTestId('scope-crm.write').check();
  await page.getByTestId('submit').click();
  await page.getByTestId('session-state').waitFor();
  const call = await page.evaluate('fake.calls.find((c) => c.method === "POST" && c.path === "/connect-sessions").body');
  assert.deepEqual(call.scopes, ['crm.write']);
  assert.equal(call.open, true);
});

await test('a rejected key is said at its field, which is focused, and nothing typed is lost', 'full', '/connect/stripe', async (page) => {
  await page.getByTestId('submit').click();
  await page.getByTestId('problem-key').waitFor();
  await page.keyboard.type('rk_test_1');
  assert.equal(await page.getByTestId('problem-key').count(), 0);
  assert.equal(await page.getByTestId('field-key').getAttribute('type'), 'password');
  await page.keyboard.press('Enter');
  await page.getByTestId('problem-key').waitFor();
  assert.match(await page.getByTestId('problem-key').innerText(), /not valid/);
  assert.equal(await focused(page), 'field-key');
  assert.equal(await page.getByTestId('field-key').inputValue(), 'rk_test_1');
});

await test('an own client is set, and the sign-in follows', 'full', '/connect/gmail', async (page) => {
  await page.getByTestId('redirect-uri').waitFor();
  await page.getByTestId('field-client_id').fill('4711');
  await page.getByTestId('field-client_secret').fill('s');
  await page.getByTestId('submit').click();
  await page.getByText('Continue in browser').waitFor();
});

await test('an attempt is followed live to its end', 'full', '/sessions/ses_waiting', async (page) => {
  const state = page.getByTestId('session-state');
  await state.waitFor();
  assert.equal(await state.getAttribute('data-state'), 'awaiting-user');
  const base = { id: 'ses_waiting', kind: 'connect', appKey: 'dropbox', appName: 'Dropbox', authMethod: 'oauth', method: 'oauth2' };
  for (const next of ['exchanging', 'verifying', 'done']) {
    const session = { ...base, state: next, connectionId: 'con_github7', createdAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T00:10:00Z' };
    await page.evaluate(`fake.send({ type: 'session', session: ${JSON.stringify(session)} })`);
    await page.waitForFunction(`document.querySelector('[data-testid=session-state]').dataset.state === '${next}'`);
  }
  await page.getByTestId('connection-status').waitFor();
});

await test('calling off leads back', 'full', '/sessions/ses_waiting', async (page) => {
  await page.getByTestId('cancel').click();
  await page.getByTestId('group-attention').waitFor();
});

await test('a change elsewhere shows at once', 'full', '/', async (page) => {
  const row = page.locator('[data-id=con_slack15]');
  await row.waitFor();
  await page.evaluate(`fake.send({ type: 'connection-removed', id: 'con_slack15' })`);
  await row.waitFor({ state: 'detached' });
});

await test('a connection is renamed in place', 'full', '/connections/con_github7', async (page) => {
  await page.getByTestId('rename').click();
  await page.keyboard.type('Work');
  await page.keyboard.press('Enter');
  await page.waitForFunction('fake.calls.some((c) => c.method === "PATCH" && c.body.name === "Work")');
  assert.equal(await focused(page), 'rename');
});

await test('a passphrase unlocks the vault', 'passphrase', '/', async (page) => {
  await page.getByTestId('vault-unlock').click();
  assert.equal(await focused(page), 'field-passphrase');
  await page.keyboard.type('correct horse');
  await page.keyboard.press('Enter');
  await page.getByTestId('vault-banner').waitFor({ state: 'detached' });
});

await test('a program gets a token that is shown once', 'full', '/settings', async (page) => {
  await page.getByTestId('client-add').click();
  await page.getByTestId('field-client-name').fill('script');
  await page.getByTestId('client-create').click();
  assert.match(await page.getByTestId('client-token').innerText(), /^pat-/);
  await page.getByTestId('client-done').click();
  await page.getByTestId('client-token').waitFor({ state: 'detached' });
});

await test('the appearance changes at once', 'full', '/settings', async (page) => {
  await page.getByTestId('appearance').selectOption('dark');
  await page.waitForFunction('document.documentElement.dataset.theme === "dark"');
});

await browser.close();
server.kill();
process.exitCode = failed === 0 ? 0 : 1;
