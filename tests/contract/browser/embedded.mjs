// Membrane's own page inside somebody's page, and what it takes to be shown there.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { example } from '../node/docs.mjs';
import { UI, answer, frameOf, stage, started } from './stage.mjs';

const SANDBOX = { integrationKey: 'membrane-sandbox' };
const AXE = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** Fails with what a screen reader would stumble over. */
async function accessible(frame) {
  await frame.evaluate(AXE);
  const found = await frame.evaluate(async () => {
    const { violations } = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`);
  });
  assert.deepEqual(found, []);
}

const inner = (page) => page.frames().find((frame) => frame.url().includes('/screens/'));

export default {
  'ui.connect carries the intent, connects in a form and returns the connection': async ({ api, token }) => {
    const { page, browser } = await stage();
    const outcome = await started(page, UI, { api, token, options: { intent: 'membrane sandbox' } });
    const frame = frameOf(page);
    await frame.locator('[data-testid=method][data-key=basic]').click();
    await frame.locator('[data-testid=field-username]').fill('ada');
    await frame.locator('[data-testid=field-password]').fill('wrong');
    await frame.getByTestId('submit').click();
    await frame.locator('[aria-invalid=true]').waitFor();
    await frame.locator('[data-testid=field-password]').fill('sandbox');
    await frame.getByTestId('submit').click();
    const { value, error } = await outcome();
    assert.equal(value?.state, 'READY', JSON.stringify(error));
    await page.locator('#__integration-app-popup').waitFor({ state: 'detached' });
    await browser.close();
  },
  'a sign-in out of a frame opens a window and comes back': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    const outcome = await started(page, UI, { api, token, options: SANDBOX });
    const frame = frameOf(page);
    await frame.locator('[data-testid=method][data-key=oauth]').click();
    const opened = context.waitForEvent('page');
    await frame.getByTestId('submit').click();
    const popup = await opened;
    const closed = popup.waitForEvent('close');
    await answer(popup);
    const { value, error } = await outcome();
    assert.equal(value?.account?.label, 'ada@sandbox.example', JSON.stringify(error));
    await closed;
    await browser.close();
  },
  'an empty ui.connect is a chooser, and closing it resolves to null': async ({ api, token }) => {
    const { page, browser } = await stage();
    const outcome = await started(page, UI, { api, token, options: {} });
    const frame = frameOf(page);
    await frame.getByTestId('search').waitFor();
    await frame.getByTestId('more-apps').waitFor();
    const first = await frame.getByTestId('app-choice').count();
    assert.ok(first > 10 && first <= 40, `${first} apps at first`);
    await frame.getByTestId('more-apps').click();
    await frame.getByTestId('app-choice').nth(first).waitFor();
    await frame.getByTestId('close').click();
    assert.deepEqual(await outcome(), { value: null });
    await browser.close();
  },
  'the page is light and asks for no more than it shows': async ({ api, token }) => {
    const { page, browser } = await stage();
    const weights = [];
    const listed = [];
    page.on('response', async (reply) => {
      const { pathname, searchParams } = new URL(reply.url());
      if (pathname.startsWith('/embed/assets/')) weights.push(reply.body().then((body) => gzipSync(body, { level: 9 }).length));
      if (pathname === '/integrations') listed.push(Number(searchParams.get('limit')));
    });
    await started(page, UI, { api, token, options: {} });
    await frameOf(page).getByTestId('app-choice').first().waitFor();
    const all = (await Promise.all(weights)).reduce((sum, one) => sum + one, 0);
    assert.ok(weights.length >= 2 && all <= 60 * 1024, `${all} bytes in ${weights.length} files`);
    assert.deepEqual(listed, [40]);
    await browser.close();
  },
  'ui.connection shows a connection and repairs it': async ({ api, token, connected, call }) => {
    const { id } = await connected({ name: 'Shown' });
    await call('DELETE', `/connections/${id}`);
    await call('POST', `/connections/${id}/restore`);
    const { page, browser } = await stage();
    const source = 'return new MembraneClient({ token: argument.token, apiUri: argument.api }).ui.connection({ connectionId: argument.id })';
    await started(page, source, { api, token, id });
    const frame = frameOf(page);
    await frame.locator('[data-testid=connection-status][data-status=attention]').waitFor();
    await accessible(inner(page));
    await frame.getByTestId('reconnect').click();
    await frame.locator('[data-testid=field-username]').fill('ada');
    await frame.locator('[data-testid=field-password]').fill('sandbox');
    await frame.getByTestId('submit').click();
    await page.locator('#__integration-app-popup').waitFor({ state: 'detached' });
    assert.equal((await call('GET', `/connections/${id}`)).body.state, 'READY');
    await browser.close();
  },
  'R-64 a page that nobody approved can not frame it': async ({ api, token }) => {
    const { page, browser } = await stage({ approve: false });
    await started(page, UI, { api, token, options: SANDBOX });
    await page.getByText('Unable to connect').waitFor();
    const reply = await fetch(`${api}/screens/connect`, { method: 'POST', body: new URLSearchParams({ token }) });
    const policy = reply.headers.get('content-security-policy');
    assert.match(policy, /frame-ancestors https:\/\/app\.example\.com$/, 'only what was approved before');
    assert.equal(reply.headers.get('x-frame-options'), null);
    assert.equal(reply.headers.get('cross-origin-opener-policy'), null);
    await browser.close();
  },
  'the page works by keyboard alone': async ({ api, token }) => {
    const { page, browser } = await stage();
    const outcome = await started(page, UI, { api, token, options: {} });
    const frame = frameOf(page);
    await frame.getByTestId('search').waitFor();
    await frame.getByTestId('search').focus();
    await page.keyboard.type('sandbox');
    await frame.locator('li').nth(0).locator('[data-key=membrane-sandbox]').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await frame.locator('[data-testid=method]').first().waitFor();
    await frame.locator('input[name=method]:checked').focus();
    for (let steps = 0; steps < 8; steps += 1) {
      if ((await frame.locator('input[name=method]:checked').getAttribute('value')) === 'basic') break;
      await page.keyboard.press('ArrowDown');
    }
    await frame.locator('[data-testid=field-username]').waitFor();
    for (let steps = 0; steps < 8; steps += 1) {
      if (await frame.locator('[data-testid=field-username]:focus').count()) break;
      await page.keyboard.press('Tab');
    }
    await page.keyboard.type('ada');
    await page.keyboard.press('Tab');
    await page.keyboard.type('sandbox');
    await page.keyboard.press('Enter');
    assert.equal((await outcome()).value?.state, 'READY');
    await browser.close();
  },
  'Escape closes it': async ({ api, token }) => {
    const { page, browser } = await stage();
    const outcome = await started(page, UI, { api, token, options: SANDBOX });
    await frameOf(page).locator('[data-testid=method]').first().waitFor();
    await frameOf(page).locator('main').focus();
    // The frame is another process: it has the keys once the page around it knows.
    await page.waitForFunction(() => document.activeElement?.tagName === 'IFRAME');
    await page.keyboard.press('Escape');
    assert.deepEqual(await outcome(), { value: null });
    await browser.close();
  },
  'every step is fit for a screen reader, in both themes and at phone width': async ({ api, token }) => {
    for (const [theme, viewport] of [['light', { width: 1000, height: 760 }], ['dark', { width: 360, height: 640 }]]) {
      const { page, browser } = await stage({ viewport });
      await started(page, UI, { api, token, options: { theme } });
      const frame = frameOf(page);
      await frame.getByTestId('app-choice').first().waitFor();
      await accessible(inner(page));
      assert.equal(await inner(page).evaluate(() => document.documentElement.dataset.theme), theme);
      await frame.getByTestId('search').fill('sandbox');
      await frame.locator('[data-key=membrane-sandbox]').click();
      for (const method of ['oauth', 'basic', 'device']) {
        await frame.locator(`[data-testid=method][data-key=${method}]`).click();
        await frame.getByTestId('submit').waitFor();
        await accessible(inner(page));
        const wide = await inner(page).evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
        assert.equal(wide, false, `${method} at ${viewport.width} is wider than the screen`);
      }
      await frame.getByTestId('submit').click();
      await frame.getByTestId('user-code').waitFor();
      await accessible(inner(page));
      await browser.close();
    }
  },
  'the custom element connects inside a page': async ({ api, token }) => {
    const { page, browser } = await stage();
    await page.evaluate(
      async ([api, token]) => {
        await import(`${api}/embed/element.js`);
        const element = document.createElement('membrane-connect');
        for (const [name, value] of Object.entries({ token, 'integration-key': 'membrane-sandbox', theme: 'dark', name: 'By element' })) {
          element.setAttribute(name, value);
        }
        window.heard = new Promise((done) => element.addEventListener('connected', (event) => done(event.detail)));
        document.body.append(element);
      },
      [api, token],
    );
    const frame = page.frameLocator('membrane-connect iframe');
    await frame.locator('[data-testid=method][data-key=basic]').click();
    await frame.getByTestId('field-username').fill('ada');
    await frame.getByTestId('field-password').fill('sandbox');
    await frame.getByTestId('submit').click();
    const connection = await page.evaluate(() => window.heard);
    assert.equal(connection.name, 'By element');
    assert.equal(connection.state, 'READY');
    await browser.close();
  },
  'the examples of the documentation work': async ({ api, token }) => {
    const { page, context, browser } = await stage();
    const opened = context.waitForEvent('page');
    const code = example('official-sdk.md', '<!-- example: browser -->');
    const outcome = await started(page, `const { token, api: apiUri } = argument; ${code}; return connection`, { api, token });
    await answer(await opened);
    assert.equal((await outcome()).value?.state, 'READY');
    const html = example('embedding.md', '<!-- example: element -->').replace('http://127.0.0.1:4780', api).replace('pat-…', token);
    await context.route('**/example', (route) => route.fulfill({ contentType: 'text/html', body: html }));
    await page.goto(new URL('/example', page.url()).href);
    const frame = page.frameLocator('membrane-connect iframe');
    assert.equal(await frame.getByTestId('search').inputValue(), 'CRM');
    await browser.close();
  },
  'the older frames are there': async ({ api, token, connected }) => {
    const { id } = await connected({ name: 'Mine' });
    const { page, browser } = await stage();
    const shown = async (path) => {
      await page.goto(`${api}${path}`);
      await page.getByTestId('panel').waitFor();
      assert.ok(!page.url().includes(token), 'the token does not stay in the address');
      return page;
    };
    await (await shown(`/embed/main?token=${token}`)).locator(`[data-testid=connection][data-id=${id}]`).waitFor();
    await (await shown(`/embed/integrations/membrane-sandbox/connect?token=${token}&allowMultipleConnections=1&name=`)).getByText('Connect Membrane Sandbox').waitFor();
    await (await shown(`/embed/connections/${id}/refresh?token=${token}`)).getByText('Reconnect Membrane Sandbox').waitFor();
    await (await shown('/screens/connect?code=used-or-wrong')).getByText('This page can’t be shown').waitFor();
    await browser.close();
  },
};
