// connect() and reconnect() of the official client in a real browser: popup, stream, hidden frame, redirect.
import assert from 'node:assert/strict';
import { sign } from '../node/access.mjs';
import { CONNECT, answer, asPerson, stage, started } from './stage.mjs';

const SANDBOX = { integrationKey: 'membrane-sandbox' };
const OAUTH = { ...SANDBOX, authOptionKey: 'oauth' };

export default {
  'connect opens a popup that signs in, tells and closes': async ({ api, token, call }) => {
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const outcome = await started(page, CONNECT, { api, token, options: OAUTH });
    const popup = await opened;
    const closed = popup.waitForEvent('close');
    await answer(popup);
    const { value, error } = await outcome();
    assert.equal(error, undefined, JSON.stringify(error));
    assert.equal(value.state, 'READY');
    assert.equal(value.integrationKey, 'membrane-sandbox');
    await closed;
    assert.equal((await call('GET', `/connections/${value.id}`)).body.account.label, 'ada@sandbox.example');
    await browser.close();
  },
  'connect without a stream hears by postMessage alone': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    await context.route('**/sse/connection-events/**', (route) => route.abort());
    const opened = context.waitForEvent('page');
    const outcome = await started(page, CONNECT, { api, token, options: OAUTH });
    await answer(await opened);
    assert.equal((await outcome()).value?.state, 'READY');
    await browser.close();
  },
  'connect without postMessage hears by the stream alone': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    await page.evaluate(() => window.addEventListener('message', (event) => event.stopImmediatePropagation(), true));
    const opened = context.waitForEvent('page');
    const outcome = await started(page, CONNECT, { api, token, options: OAUTH });
    await answer(await opened);
    assert.equal((await outcome()).value?.state, 'READY');
    await browser.close();
  },
  'connect with input works in a hidden frame': async ({ api, token }) => {
    const { page, browser } = await stage({ approve: false });
    const options = { ...SANDBOX, authOptionKey: 'basic', input: { username: 'ada', password: 'sandbox' } };
    const outcome = await started(page, CONNECT, { api, token, options });
    const { value, error } = await outcome();
    assert.equal(error, undefined, JSON.stringify(error));
    assert.equal(value.state, 'READY');
    await browser.close();
  },
  'a hidden frame that can not connect rejects and says why': async ({ api, token, call }) => {
    const { page, browser } = await stage({ approve: false });
    const options = { ...SANDBOX, authOptionKey: 'basic', input: { username: 'ada', password: 'wrong' } };
    const { error } = await (await started(page, CONNECT, { api, token, options }))();
    assert.equal(error.member, true);
    assert.equal(error.data.data?.code ?? error.data.code, 'key_rejected', JSON.stringify(error));
    const missing = await (await started(page, CONNECT, { api, token, options: { ...options, input: { username: 'ada' } } }))();
    assert.match(missing.error.message, /missing/i);
    assert.deepEqual((await call('GET', '/connections')).body.items, []);
    await browser.close();
  },
  'an empty connect opens the chooser': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const outcome = await started(page, CONNECT, { api, token, options: {} });
    const popup = await opened;
    await popup.getByTestId('search').fill('sandbox');
    await popup.locator('[data-testid=app-choice][data-key=membrane-sandbox]').click();
    await popup.locator('[data-testid=method][data-key=basic]').click();
    await popup.fill('[data-testid=field-username]', 'ada');
    await popup.fill('[data-testid=field-password]', 'sandbox');
    await popup.getByTestId('submit').click();
    assert.equal((await outcome()).value?.authOptionKey, 'basic');
    await browser.close();
  },
  'a popup that is closed resolves to null': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const outcome = await started(page, CONNECT, { api, token, options: SANDBOX });
    const popup = await opened;
    await popup.getByTestId('close').click();
    assert.deepEqual(await outcome(), { value: null });
    await browser.close();
  },
  'a person who says no rejects': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const outcome = await started(page, CONNECT, { api, token, options: OAUTH });
    await answer(await opened, { allow: false });
    const { error } = await outcome();
    assert.equal(error.member, true, JSON.stringify(error));
    assert.match(error.message, /not allowed/);
    await browser.close();
  },
  'a token that is not known rejects': async ({ api }) => {
    const { page, browser } = await stage();
    const { error } = await (await started(page, CONNECT, { api, token: 'pat-unknown', options: SANDBOX }))();
    assert.equal(error.data.key, 'not_authenticated');
    await browser.close();
  },
  'sameWindow goes to the provider and comes back to the page': async ({ api, token }) => {
    const { page, origin, browser } = await stage();
    const options = { ...OAUTH, sameWindow: true, redirectUri: `${origin}/back?x=1` };
    await started(page, CONNECT, { api, token, options });
    await answer(page);
    await page.waitForURL((url) => url.pathname === '/back');
    const url = new URL(page.url());
    assert.equal(url.searchParams.get('x'), '1');
    assert.match(url.searchParams.get('connectionId'), /^con_/);
    await started(page, CONNECT, { api, token, options });
    await answer(page, { allow: false });
    await page.waitForURL((url) => url.searchParams.has('error'));
    const error = JSON.parse(new URL(page.url()).searchParams.get('errorData'));
    assert.equal(error.data.code, 'access_denied_by_user');
    await browser.close();
  },
  'reconnect repairs the same connection': async ({ api, token, call, connected }) => {
    const { id } = await connected();
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const source = 'return new MembraneClient({ token: argument.token, apiUri: argument.api }).connection(argument.id).reconnect()';
    const outcome = await started(page, source, { api, token, id });
    const popup = await opened;
    await popup.fill('[data-testid=field-username]', 'ada');
    await popup.fill('[data-testid=field-password]', 'sandbox');
    await popup.getByTestId('submit').click();
    const { value, error } = await outcome();
    assert.equal(value?.id, id, JSON.stringify(error));
    const { body } = await call('GET', `/connections/${id}/events`);
    assert.deepEqual(body.items.map((event) => event.eventType), ['connection.reconnected', 'connection.created']);
    await browser.close();
  },
  'connecting an app again signs in to its one connection again': async ({ api, token, connected, call }) => {
    const { id } = await connected({ name: 'Mine' });
    const { page, browser } = await stage({ approve: false });
    const options = { ...SANDBOX, authOptionKey: 'basic', input: { username: 'ada', password: 'sandbox' }, name: 'Other' };
    const { value, error } = await (await started(page, CONNECT, { api, token, options }))();
    assert.equal(value?.id, id, JSON.stringify(error));
    const { body } = await call('GET', '/connections');
    assert.deepEqual(body.items.map((one) => one.name), ['Mine'], 'the name is the one that it had');
    await browser.close();
  },
  'one more connection is made when it is asked for': async ({ api, token, connected, call }) => {
    const { id } = await connected();
    const { page, browser } = await stage({ approve: false });
    const options = { ...SANDBOX, authOptionKey: 'basic', input: { username: 'ada', password: 'sandbox' }, allowMultipleConnections: true };
    const { value, error } = await (await started(page, CONNECT, { api, token, options }))();
    assert.equal(value?.state, 'READY', JSON.stringify(error));
    assert.notEqual(value.id, id);
    const ids = (await call('GET', '/connections')).body.items.map((one) => one.id);
    assert.deepEqual(ids.sort(), [id, value.id].sort());
    await browser.close();
  },
  'another account can be kept in a popup and the opener hears of it': async ({ api, token, call }) => {
    for (const without of ['nothing', 'postMessage', 'stream']) {
      const { page, context, browser } = await stage();
      if (without === 'stream') await context.route('**/sse/connection-events/**', (route) => route.abort());
      if (without === 'postMessage') {
        await page.evaluate(() => window.addEventListener('message', (event) => event.stopImmediatePropagation(), true));
      }
      const connect = async (person) => {
        const opened = context.waitForEvent('page');
        const outcome = await started(page, CONNECT, { api, token, options: OAUTH });
        const popup = await opened;
        await answer(popup, { person });
        return { popup, outcome };
      };
      const first = await (await connect('ada')).outcome();
      assert.equal(first.value?.state, 'READY', JSON.stringify(first.error));
      const { popup, outcome } = await connect('ben');
      await popup.getByTestId('keep').click();
      const { value, error } = await outcome();
      assert.equal(value?.account?.label, 'ben@sandbox.example', JSON.stringify(error));
      assert.notEqual(value.id, first.value.id);
      for (const id of [value.id, first.value.id]) await call('DELETE', `/connections/${id}`);
      await browser.close();
    }
  },
  'another account that is not kept rejects': async ({ api, token, call, connected }) => {
    await connected();
    const [mine] = (await call('GET', '/connections')).body.items;
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const outcome = await started(page, CONNECT, { api, token, options: OAUTH });
    const popup = await opened;
    await answer(popup, { person: 'ben' });
    await popup.getByTestId('keep').waitFor();
    await popup.getByTestId('close').click();
    const { error } = await outcome();
    assert.equal(error?.data?.data?.code ?? error?.data?.code, 'account_mismatch', JSON.stringify(error));
    assert.deepEqual((await call('GET', '/connections')).body.items, [mine], 'nothing was changed');
    await browser.close();
  },
  'integration connect reads the integration first': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const source =
      "return new MembraneClient({ token: argument.token, apiUri: argument.api }).integration('membrane-sandbox').connect({ authOptionKey: 'oauth' })";
    const outcome = await started(page, source, { api, token });
    await answer(await opened);
    assert.equal((await outcome()).value?.state, 'READY');
    await browser.close();
  },
  'the older package connects through the aliases': async ({ api, workspace }) => {
    // It knows signed tokens only.
    const claims = { iss: workspace.workspaceKey, id: 'older', exp: Math.floor(Date.now() / 1000) + 600 };
    const token = sign(claims, workspace.workspaceSecret);
    const { page, context, browser } = await stage({ path: '/legacy' });
    const opened = context.waitForEvent('page');
    const source =
      "return new IntegrationAppClient({ token: argument.token, apiUri: argument.api }).integration('membrane-sandbox').connect({ authOptionKey: 'oauth' })";
    const outcome = await started(page, source, { api, token });
    await answer(await opened);
    const { value, error } = await outcome();
    assert.equal(value?.integrationKey, 'membrane-sandbox', JSON.stringify(error));
    await browser.close();
  },
  'the hooks of the React package list, follow and connect': async ({ api, token, connected, call }) => {
    const { id } = await connected({ name: 'First' });
    const { page, context, browser } = await stage({ path: `/react?token=${token}&api=${encodeURIComponent(api)}&id=${id}` });
    await page.getByText('one: First').waitFor();
    await page.getByText('list: First').waitFor();
    await page.getByText('following').waitFor();
    await call('PATCH', `/connections/${id}`, { body: { name: 'Renamed' } });
    await page.getByText('one: Renamed').waitFor();
    const opened = context.waitForEvent('page');
    await page.click('#connect');
    await answer(await opened);
    await page.getByText('connected: membrane-sandbox').waitFor();
    await browser.close();
  },
  'a request is answered behind its link and in the list of the person': async ({ call }) => {
    const { page, browser } = await stage();
    const { body } = await call('POST', '/connection-requests', { body: { ...SANDBOX, prompt: 'to read your contacts' } });
    const { body: pending } = await asPerson('GET', '/connection-requests');
    assert.deepEqual(pending.items.map((one) => one.requestId), [body.requestId]);
    await page.goto(body.url);
    assert.equal(await page.getByTestId('request-title').textContent(), 'scenario asks to connect Membrane Sandbox');
    await page.reload();
    await page.getByTestId('accept').click();
    await page.locator('[data-testid=method][data-key=oauth]').click();
    await page.getByTestId('submit').click();
    await answer(page);
    await page.getByTestId('over').waitFor();
    const done = await call('GET', `/connection-requests/${body.requestId}?wait=true&timeout=20`);
    assert.equal(done.body.status, 'success');
    assert.match(done.body.resultConnectionId, /^con_/);
    await browser.close();
  },
  'a page whose token is good no more says so': async ({ call }) => {
    const { page, browser } = await stage();
    const { body } = await call('POST', '/connection-requests', { body: { ...SANDBOX, prompt: 'to read your contacts' } });
    await page.goto(body.url);
    await page.getByTestId('request-title').waitFor();
    await page.evaluate(() => {
      const [key] = Object.keys(sessionStorage);
      sessionStorage.setItem(key, JSON.stringify({ ...JSON.parse(sessionStorage.getItem(key)), token: 'page-of-last-week' }));
    });
    await page.reload();
    await page.getByTestId('over').getByText('This page was open for too long').waitFor();
    await browser.close();
  },
};
