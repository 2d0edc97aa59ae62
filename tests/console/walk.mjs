// Walks through the console as a person does, on a real engine. Usage: node walk.mjs NAME
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { startProvider, until } from './engine.mjs';
import { Console, openBrowser } from './page.mjs';
import { worlds } from './worlds.mjs';

/** Notes each attempt that the page starts. */
function follow(page) {
  page.sessions = [];
  page.page.on('response', async (reply) => {
    if (reply.request().method() === 'POST' && reply.url().endsWith('/connect-sessions') && reply.ok()) page.sessions.push(await reply.json());
  });
  return async () => {
    await until('an attempt', async () => page.sessions.length > 0);
    return page.sessions.pop();
  };
}

/** Connects the sandbox, sees it revoked, and repairs it, by whatever `doing` does. */
async function wholeJob(page, engine, doing) {
  const attempt = follow(page);
  await page.get('welcome-vault').waitFor();
  await doing('welcome-next');
  await doing('welcome-sandbox');
  await page.get('submit').waitFor();
  await doing('submit');
  await engine.answer((await attempt()).authorizationUrl);
  await page.session('done');
  // The page that was the way here makes room by itself.
  await page.until('/welcome/3');
  await doing('welcome-next');
  await page.get('connection-row').waitFor();
  const [{ id }] = (await engine.call('GET', '/connections')).items;

  await engine.play('revoke');
  await engine.test(id);
  await page.get('group-attention').waitFor();
  assert.equal(await page.row(id).getAttribute('data-status'), 'attention');
  await doing('reconnect');
  await page.until(`/connections/${id}/reconnect`);
  await doing('submit');
  await engine.answer((await attempt()).authorizationUrl);
  await page.session('done');
  // The page that was the way here makes room by itself.
  await page.until(`/connections/${id}`);
  await page.page.locator('[data-testid=connection-status][data-status=connected]').waitFor();
}

/** Signs in as ada on the provider's own pages, and agrees. */
async function signIn(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('[name=login]').fill('ada');
  await page.locator('[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' });
  await Promise.all([page.waitForURL((at) => !at.href.startsWith(new URL(url).origin)), page.locator('button[type=submit]').click()]);
  await context.close();
}

const walks = {
  async mouse_only(browser) {
    const engine = await worlds.fresh();
    const page = await Console.open(browser, engine);
    await wholeJob(page, engine, (testId) => page.get(testId).first().click());
    return [page, engine];
  },

  async keyboard_only(browser) {
    const engine = await worlds.fresh();
    const page = await Console.open(browser, engine);
    await wholeJob(page, engine, async (testId) => {
      await page.get(testId).first().waitFor();
      // The repair is in a row: rows are one stop, and what is in the row comes after it.
      await page.tabTo(testId);
      await page.press('Enter');
    });
    return [page, engine];
  },

  async palette(browser) {
    const engine = await worlds.connecting();
    const page = await Console.open(browser, engine);
    await page.press('Control+k');
    assert.equal(await page.focused(), 'palette-input');
    await page.type('notion pause');
    await page.page.locator('[data-testid=palette-entry][aria-selected=true]').waitFor();
    await page.press('Enter');
    await page.get('palette').waitFor({ state: 'detached' });
    await until('the pause', async () => (await engine.call('GET', `/connections/${engine.works}`)).health.status === 'paused');
    // What was chosen last is on top, and Esc leaves everything as it was.
    await page.press('Control+k');
    const first = page.get('palette-entry').first();
    await page.type('');
    await first.waitFor();
    await page.press('Escape');
    await page.get('palette').waitFor({ state: 'detached' });
    assert.equal(await page.at(), '/');
    // An app by its name, and a place by its key.
    await page.press('Control+k');
    await page.type('membrane sandbox');
    await page.press('Enter');
    await page.until('/connect/membrane-sandbox');
    await page.press('Control+2');
    await page.until('/activity');
    return [page, engine];
  },

  async list_by_keys(browser) {
    const engine = await worlds.connecting();
    const page = await Console.open(browser, engine);
    await page.get('connection-row').first().waitFor();
    await page.press('/');
    assert.equal(await page.focused(), 'search');
    await page.press('ArrowDown', 'ArrowDown');
    assert.equal(await page.page.evaluate(() => document.activeElement.closest('li').dataset.id), engine.works);
    await page.press('Control+Backspace');
    await page.get('archive-confirm').waitFor();
    await page.press('Escape');
    await page.get('archive-confirm').waitFor({ state: 'detached' });
    assert.equal(await page.page.evaluate(() => document.activeElement.closest('li')?.dataset.id), engine.works, 'the focus is given back');
    await page.press('Enter');
    await page.until(`/connections/${engine.works}`);
    await page.press('Control+Backspace');
    await page.get('archive-confirm').waitFor();
    await page.tabTo('archive-confirm');
    await page.press('Enter');
    await page.until('/');
    await page.row(engine.works).waitFor({ state: 'detached' });
    return [page, engine];
  },

  async key_form(browser) {
    const engine = await worlds.empty();
    const page = await Console.open(browser, engine, { path: '/connect/membrane-sandbox' });
    await page.page.locator('[data-testid=method][data-key=api-key]').click();
    await page.get('submit').click();
    await page.get('problem-key').waitFor();
    assert.equal(await page.focused(), 'field-key');
    await page.type('sandbox-key-THATnobodyHASmade');
    assert.equal(await page.get('problem-key').count(), 0, 'typing answers the problem');
    await page.press('Enter');
    await page.get('problem-key').waitFor();
    assert.equal(await page.focused(), 'field-key');
    assert.equal(await page.get('field-key').inputValue(), 'sandbox-key-THATnobodyHASmade', 'nothing typed is lost');
    assert.equal(await page.get('field-key').getAttribute('type'), 'password');
    return [page, engine];
  },

  async by_url(browser) {
    const provider = await startProvider();
    const engine = await worlds.empty();
    const page = await Console.open(browser, engine, { path: '/connect' });
    const search = page.get('search');
    // The address of an app that is known is that app.
    await search.fill('https://linear.app/acme/issue/X-1');
    await page.page.locator('[data-testid=app-choice][data-key=linear]').waitFor();
    assert.equal(await page.get('by-url').count(), 0);
    // What can't be asked is said where it was typed.
    await search.fill('https://10.0.0.1/admin');
    await page.get('by-url-add').click();
    await page.page.locator('[data-testid=by-url] [data-testid=problem][data-code=bad_request]').waitFor();
    await search.fill('https://10.0.0.2/admin');
    await page.page.locator('[data-testid=by-url] [data-testid=problem]').waitFor({ state: 'detached' });
    // An address that says how one signs in: a client registers itself, and a sign-in is all it takes.
    await search.fill(provider.origin);
    await page.get('by-url-add').getByText(new URL(provider.origin).host).waitFor();
    await search.press('Enter');
    const attempt = follow(page);
    await page.get('submit').click();
    const { authorizationUrl } = await attempt();
    assert.ok(authorizationUrl.startsWith(`${provider.origin}/auth?`), authorizationUrl);
    await signIn(browser, authorizationUrl);
    await page.session('done');
    const [made] = (await engine.call('GET', '/connections')).items;
    assert.deepEqual([made.connected, made.account.id], [true, 'ada']);
    // The same address again is the same app, and it is listed as the person's own.
    await page.go('/connect');
    await search.fill(provider.origin);
    await page.get('by-url-add').click();
    await page.until(`/connect/${made.integrationKey}`);
    const { items } = await engine.call('GET', '/integrations');
    assert.equal(items.filter((app) => app.own).length, 1);
    await page.go('/connect');
    // One that says nothing takes a key, in a form of its own.
    const silent = await startProvider({ metadata: { redirectServer: '/nowhere' } });
    await search.fill(silent.origin);
    await page.get('by-url-add').click();
    for (const way of ['bearer', 'api-key', 'basic']) await page.page.locator(`[data-testid=method][data-key=${way}]`).waitFor();
    await page.get('field-key').fill('anything');
    await page.get('submit').click();
    await page.session('done');
    provider.stop();
    silent.stop();
    return [page, engine];
  },

  async wrong_account(browser) {
    const engine = await worlds.connecting();
    const page = await Console.open(browser, engine, { path: `/connections/${engine.works}/reconnect` });
    const attempt = follow(page);
    await page.get('submit').click();
    await engine.answer((await attempt()).authorizationUrl, 'ben');
    await page.session('failed');
    await page.get('keep').click();
    await page.session('done');
    const accounts = (await engine.call('GET', '/connections?integrationKey=notion')).items.map((one) => one.account.label).sort();
    assert.deepEqual(accounts, ['ada@sandbox.example', 'ben@sandbox.example']);
    return [page, engine];
  },

  async settings(browser) {
    const engine = await worlds.one();
    const page = await Console.open(browser, engine, { path: '/settings' });
    await page.get('appearance').selectOption('dark');
    await page.page.locator('html[data-theme=dark]').waitFor();
    await page.get('language').selectOption('de');
    await page.page.getByRole('heading', { name: 'Einstellungen' }).waitFor();
    assert.equal(await page.page.evaluate(() => document.documentElement.lang), 'de');
    await until('both to be kept', async () => {
      const kept = await engine.call('GET', '/settings');
      return kept.appearance === 'dark' && kept.language === 'de';
    });
    await page.page.reload();
    await page.page.getByRole('heading', { name: 'Einstellungen' }).waitFor();
    await page.get('language').selectOption('en');
    await page.get('settings-diagnostics').click();
    await page.get('doctor').waitFor();
    const subjects = await page.get('finding').evaluateAll((all) => all.map((one) => one.dataset.subject));
    const told = await engine.call('GET', '/doctor');
    assert.deepEqual(subjects, told.findings.map((finding) => finding.subject), 'the window shows what the command says');
    await page.get('bundle-export').click();
    await page.get('toasts').getByText('membrane-support-').waitFor();
    return [page, engine];
  },

  async activity(browser) {
    const engine = await worlds.one();
    const page = await Console.open(browser, engine, { path: '/activity' });
    await page.get('activity').first().waitFor();
    const before = await page.get('activity').count();
    await engine.call('GET', `/connections/${engine.first}/token`);
    await engine.play('revoke');
    await engine.test(engine.first);
    await page.get('fresh').waitFor();
    assert.equal(await page.get('activity').count(), before, 'the list does not jump');
    await page.get('fresh').click();
    await page.page.locator('[data-testid=activity][data-kind="connection.disconnected"]').waitFor();
    await page.get('filter-kind').selectOption('used');
    await page.page.locator('[data-testid=activity][data-kind="connection.disconnected"]').waitFor({ state: 'detached' });
    await page.page.locator('[data-testid=activity][data-kind=used]').waitFor();
    return [page, engine];
  },

  async notice(browser) {
    const engine = await worlds.connecting();
    const page = await Console.open(browser, engine, { path: '/apps' });
    const ids = [await engine.signIn('github'), await engine.signIn('membrane-sandbox')];
    await engine.play('revoke');
    await engine.test(ids[0]);
    await page.get('notice').getByText('GitHub needs you').waitFor();
    await engine.test(ids[1]);
    await page.get('notice').getByText('2 connections need you').waitFor();
    // Mended elsewhere, it is withdrawn here.
    const attempt = await engine.start(undefined, undefined, { connectionId: ids[1] });
    await engine.answer(attempt.authorizationUrl);
    await page.get('notice').getByText('GitHub needs you').waitFor();
    await page.get('notice-action').click();
    await page.until(`/connections/${ids[0]}/reconnect`);
    await page.get('notice').waitFor({ state: 'detached' });
    return [page, engine];
  },

  async webhooks(browser) {
    const engine = await worlds.one();
    const heard = [];
    let status = 204;
    const receiver = createServer((asked, answer) => {
      let body = '';
      asked.on('data', (part) => (body += part)).on('end', () => {
        heard.push({ headers: asked.headers, body: JSON.parse(body) });
        answer.writeHead(status).end();
      });
    });
    receiver.listen(0, '127.0.0.1');
    receiver.unref();
    await once(receiver, 'listening');
    const page = await Console.open(browser, engine, { path: '/webhooks' });
    // An address of a private network is refused at its field; one of this computer is meant.
    await page.get('webhook-add').click();
    await page.get('field-url').fill('https://10.0.0.1/hook');
    await page.get('webhook-save').click();
    await page.get('problem-url').waitFor();
    await page.get('field-url').fill(`http://127.0.0.1:${receiver.address().port}/hook`);
    await page.get('event-connection.reconnected').uncheck();
    await page.get('webhook-save').click();
    // The secret is masked until it is asked for, and it is the one that signs.
    const shown = () => page.get('webhook-secret').textContent();
    assert.match(await shown(), /^whsec_•+$/);
    await page.get('secret-reveal').click();
    const secret = await shown();
    assert.match(secret, /^whsec_[A-Za-z0-9+/=]{30,}$/);
    await page.get('secret-done').click();
    await page.get('webhook-status').waitFor();
    const [{ id, events }] = (await engine.call('GET', '/webhooks')).items;
    assert.equal(await page.at(), `/webhooks/${id}`);
    assert.ok(!events.includes('connection.reconnected') && events.length === 3, `${events}`);
    await page.get('webhook-test').click();
    await page.page.locator('[data-testid=delivery][data-state=delivered]').waitFor();
    assert.equal(heard[0].body.test, true);
    assert.equal(heard[0].headers['x-signature'], createHmac('sha256', secret).update(JSON.stringify(heard[0].body)).digest('hex'));
    // What fails is said, with the receiver's answer, and can be sent again.
    status = 503;
    await engine.signIn('membrane-sandbox', 'ben');
    await page.page.locator('[data-testid=webhook-status][data-status=retrying]').waitFor();
    const failed = page.page.locator('[data-testid=delivery][data-state=waiting]');
    await failed.getByText('HTTP 503').waitFor();
    status = 204;
    await failed.getByRole('button').click();
    await page.get('redeliver').click();
    await page.page.locator('[data-testid=webhook-status][data-status=connected]').waitFor();
    const created = heard.filter((one) => one.body.eventType === 'connection.created' && !one.body.test);
    assert.equal(new Set(created.map((one) => one.headers['webhook-id'])).size, 1, 'an event keeps its id');
    // A receiver that is gone turns it off, which the list, the sidebar and the home page say.
    status = 410;
    await engine.call('DELETE', `/connections/${engine.first}`);
    await page.page.locator('[data-testid=webhook-status][data-off=gone]').waitFor();
    await page.go('/');
    await page.get('webhook-banner').waitFor();
    await page.get('webhook-review').click();
    await page.get('webhook').click();
    await page.get('webhook-remove').click();
    await page.get('webhook-remove-confirm').click();
    await page.until('/webhooks');
    await page.get('empty').waitFor();
    assert.deepEqual((await engine.call('GET', '/webhooks')).items, []);
    // What the empty page says to do in a terminal does it.
    const command = await page.get('webhook-curl').textContent();
    execFileSync('sh', ['-c', command], { stdio: 'pipe' });
    assert.equal((await engine.call('GET', '/webhooks')).items.length, 1);
    return [page, engine];
  },

  async save_anyway(browser) {
    const engine = await worlds.empty();
    const page = await Console.open(browser, engine, { path: '/connect/membrane-sandbox' });
    await page.page.locator('[data-testid=method][data-key=basic]').click();
    await engine.play('outage', { minutes: 5 });
    await page.get('field-username').fill('ada');
    await page.get('field-password').fill('sandbox');
    await page.get('submit').click();
    await page.page.locator('[data-testid=problem][data-code=key_unchecked]').waitFor();
    assert.equal((await engine.call('GET', '/connections')).items.filter((one) => one.connected).length, 0, 'nothing is kept unasked');
    await page.get('save-anyway').click();
    await page.session('done');
    const [kept] = (await engine.call('GET', '/connections')).items.filter((one) => one.connected);
    await engine.play('recover');
    assert.equal((await engine.test(kept.id)).json.success, true);
    return [page, engine];
  },

  async r61_a_code_is_good_once(browser) {
    const engine = await worlds.empty();
    const url = await engine.consoleUrl();
    const code = new URL(url).hash.slice('#code='.length);
    const origin = new URL(url).origin;
    const trade = () => fetch(`${origin}/console/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code }) });
    const first = await trade();
    assert.equal(first.status, 200);
    const { token } = await first.json();
    assert.equal((await trade()).status, 401, 'a code is good once');
    const ask = (headers) => fetch(`${origin}/settings`, { headers });
    assert.equal((await ask({ authorization: `Bearer ${token}` })).status, 200);
    assert.equal((await ask({ authorization: `Bearer ${token}`, origin: 'https://elsewhere.example' })).status, 403, 'no page from elsewhere');
    assert.equal((await ask({})).status, 401);
    const page = await fetch(`${origin}/console/`);
    assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
    assert.equal((await fetch(`${origin}/console/..%2f..%2fCargo.toml`)).status, 404, 'nothing beside the pages');
    const opened = await Console.open(browser, engine);
    assert.ok(!opened.page.url().includes('code='), 'the code does not stay in the address');
    return [opened, engine];
  },
};

const name = process.argv[2];
const walk = walks[name];
if (!walk) throw new Error(`there is no walk ${name}; there are ${Object.keys(walks).join(', ')}`);
const browser = await openBrowser();
const [page, engine] = await walk(browser);
// Requests that were to fail are told of by the browser; anything else is a mistake of the page.
const errors = page.errors.filter((text) => !/status of 4\d\d|net::ERR_FAILED/.test(text));
assert.deepEqual(errors, []);
await browser.close();
await engine.stop();
console.log(`${name}: walked`);
