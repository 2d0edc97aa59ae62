// Every state that the console can show, and what a person does to see it. `reach` gets a page and the engine behind it.

import { fill } from './fill.mjs';
import { more } from './states-settings.mjs';

async function method(page, key) {
  await page.page.locator(`[data-testid=method][data-key=${key}]`).click();
}

/** Starts signing in from the page of an app; returns the attempt's facts. */
async function begin(page, engine) {
  const started = page.page.waitForResponse((reply) => reply.url().endsWith('/connect-sessions') && reply.request().method() === 'POST');
  await page.get('submit').click();
  return (await started).json();
}

export const states = [
  // First steps.
  { name: 'welcome-1', world: 'fresh', path: '/welcome/1' },
  { name: 'welcome-1-no-keychain', world: 'bare', path: '/welcome/1' },
  { name: 'welcome-2', world: 'fresh', path: '/welcome/2' },
  { name: 'welcome-3', world: 'fresh', path: '/welcome/3' },

  // Connections.
  { name: 'home-empty', world: 'empty' },
  { name: 'home-one', world: 'one' },
  { name: 'home-full', world: 'full' },
  {
    name: 'home-search',
    world: 'full',
    reach: async (page) => {
      await page.press('/');
      await page.type('git');
    },
  },
  {
    name: 'home-no-match',
    world: 'full',
    reach: async (page) => {
      await page.press('/');
      await page.type('foo');
      await page.get('no-match').waitFor();
    },
  },
  {
    name: 'home-menu',
    world: 'full',
    reach: async (page, engine) => {
      await page.row(engine.ids.github).getByTestId('more').click();
      await page.get('menu-archive').waitFor();
    },
  },
  {
    name: 'home-archive',
    world: 'full',
    reach: async (page, engine) => {
      await page.row(engine.ids.work).getByTestId('more').click();
      await page.get('menu-archive').click();
      await page.get('archive-confirm').waitFor();
    },
  },
  { name: 'home-resting', world: 'resting' },
  {
    name: 'home-request',
    world: 'one',
    reach: async (page, engine) => {
      const { token } = await engine.call('POST', '/clients', { name: 'Cursor' });
      const { apiUri } = await engine.call('GET', '/status');
      await fetch(`${apiUri}/connection-requests`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ integrationKey: 'hubspot', prompt: 'To update the deal you asked about.' }),
      });
      await page.get('request-banner').waitFor();
    },
    after: async (engine) => {
      const { items } = await engine.call('GET', '/connection-requests');
      for (const { requestId } of items) await engine.call('DELETE', `/connection-requests/${requestId}`);
      for (const { id } of (await engine.call('GET', '/clients')).items) await engine.call('DELETE', `/clients/${id}`);
    },
  },
  {
    name: 'home-tenant',
    world: 'tenants',
    reach: async (page) => {
      await page.page.getByText('GitHub', { exact: true }).waitFor();
      await page.get('tenant').selectOption({ label: 'Initech' });
      await page.page.getByText('Notion', { exact: true }).waitFor();
    },
  },
  { name: 'home-offline', world: 'offline' },
  { name: 'detail-offline', world: 'offline', path: (engine) => `/connections/${engine.first}` },
  {
    name: 'connect-offline',
    world: 'offline',
    path: '/connect/github',
    reach: async (page, engine) => {
      const session = await begin(page, engine);
      await engine.answer(session.authorizationUrl);
      await page.page.locator('[data-testid=session-state]:not([data-state=awaiting-user]):not([data-state=exchanging])').waitFor();
    },
  },
  {
    name: 'connect-ports-taken',
    world: 'crowded',
    path: '/connect/github',
    reach: async (page) => {
      await page.get('submit').click();
      await page.page.locator('[data-testid=problem][data-code=browser_failed]').waitFor();
    },
  },
  { name: 'home-locked', world: 'locked' },
  { name: 'home-key-lost', world: 'keyLost' },
  {
    name: 'home-unlock',
    world: 'locked',
    reach: async (page) => {
      await page.get('vault-unlock').click();
      await fill(page, { passphrase: 'not the right one' });
      await page.get('vault-submit').click();
      await page.get('problem-passphrase').waitFor();
    },
  },

  // The palette.
  { name: 'palette', world: 'full', reach: (page) => page.press('Control+k') },
  {
    name: 'palette-search',
    world: 'full',
    reach: async (page) => {
      await page.press('Control+k');
      await page.type('git');
    },
  },
  {
    name: 'palette-none',
    world: 'full',
    reach: async (page) => {
      await page.press('Control+k');
      await page.type('xyzzy');
    },
  },

  // A connection.
  { name: 'detail-connected', world: 'full', path: (engine) => `/connections/${engine.ids.github}` },
  {
    name: 'detail-scopes',
    world: 'full',
    path: (engine) => `/connections/${engine.ids.github}`,
    reach: (page) => page.get('scopes-raw').click(),
  },
  {
    name: 'detail-rename',
    world: 'full',
    path: (engine) => `/connections/${engine.ids.work}`,
    reach: (page) => page.get('rename').click(),
  },
  { name: 'detail-attention', world: 'full', path: (engine) => `/connections/${engine.ids.slack}` },
  { name: 'detail-retrying', world: 'full', path: (engine) => `/connections/${engine.ids.dropbox}` },
  { name: 'detail-paused', world: 'full', path: (engine) => `/connections/${engine.ids.linear}` },
  { name: 'detail-password', world: 'full', path: (engine) => `/connections/${engine.ids.stripe}` },
  {
    name: 'detail-expiring',
    world: 'full',
    path: (engine) => `/connections/${engine.ids.stripe}`,
    reach: async (page, engine) => {
      await engine.call('PUT', `/connections/${engine.ids.stripe}/end`, { expiresAt: new Date(Date.now() + 5 * 86_400_000).toISOString() });
      await page.get('replace').waitFor();
    },
    after: (engine) => engine.call('PUT', `/connections/${engine.ids.stripe}/end`, { expiresAt: null }),
  },
  {
    name: 'detail-bottom',
    world: 'full',
    path: (engine) => `/connections/${engine.ids.github}`,
    reach: (page) => page.get('archive').scrollIntoViewIfNeeded(),
  },
  { name: 'detail-gone', world: 'full', path: '/connections/con_0000' },

  // Connecting.
  { name: 'search', world: 'connecting', path: '/connect' },
  {
    name: 'search-intent',
    world: 'connecting',
    path: '/connect',
    reach: async (page) => {
      await page.get('app-choice').first().waitFor();
      const found = page.page.waitForResponse((reply) => reply.url().includes('/search?q=crm'));
      await page.type('crm');
      await found;
    },
  },
  {
    name: 'search-german',
    world: 'connecting',
    path: '/connect',
    reach: async (page, engine) => {
      await engine.call('PATCH', '/settings', { language: 'de' });
      await page.page.reload();
      await page.page.locator('html[lang=de] main[data-phase=live]').waitFor();
      await page.get('app-choice').first().waitFor();
      await page.type('rechnungen schreiben');
      await page.page.getByText('schreibt Rechnungen').first().waitFor();
    },
    after: (engine) => engine.call('PATCH', '/settings', { language: 'system' }),
  },
  {
    name: 'search-none',
    world: 'connecting',
    path: '/connect',
    reach: async (page) => {
      await page.get('app-choice').first().waitFor();
      await page.type('qqqqzzzz');
      await page.get('empty').waitFor();
    },
  },
  { name: 'consent', world: 'connecting', path: '/connect/membrane-sandbox' },
  { name: 'consent-again', world: 'connecting', path: '/connect/notion' },
  { name: 'own-client', world: 'connecting', path: '/connect/gmail' },
  {
    name: 'waiting',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      await begin(page, engine);
      await page.session('awaiting-user');
    },
  },
  {
    name: 'waiting-elsewhere',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      await begin(page, engine);
      await page.get('paste-open').click();
      await page.get('field-callback').fill('http://127.0.0.1/oauth-callback?code=mistyped');
      await page.get('paste-submit').click();
      await page.get('problem-callback').waitFor();
    },
  },
  {
    name: 'device-code',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      await method(page, 'device');
      await begin(page, engine);
      await page.get('user-code').waitFor();
    },
  },
  {
    name: 'success',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      const session = await begin(page, engine);
      await engine.answer(session.authorizationUrl);
      await page.session('done');
    },
  },
  {
    name: 'denied',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      const session = await begin(page, engine);
      await engine.answer(session.authorizationUrl, 'ada', 'deny');
      await page.session('failed');
    },
  },
  {
    name: 'admin-approval',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      const session = await begin(page, engine);
      await engine.refuse(session.authorizationUrl, { error: 'access_denied', error_description: 'AADSTS90094: The grant requires admin permission.' });
      await page.session('failed');
    },
  },
  {
    name: 'cancelled',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      const session = await begin(page, engine);
      await page.session('awaiting-user');
      await engine.call('DELETE', `/connect-sessions/${session.id}`);
      await page.session('cancelled');
    },
  },
  {
    name: 'wrong-account',
    world: 'connecting',
    path: (engine) => `/connections/${engine.works}/reconnect`,
    reach: async (page, engine) => {
      const session = await begin(page, engine);
      await engine.answer(session.authorizationUrl, 'ben');
      await page.session('failed');
    },
  },
  {
    name: 'key-form',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: (page) => method(page, 'api-key'),
  },
  {
    name: 'key-missing',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page) => {
      await method(page, 'api-key');
      await page.get('submit').click();
      await page.get('problem-key').waitFor();
    },
  },
  {
    name: 'key-rejected',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page) => {
      await method(page, 'api-key');
      await fill(page, { key: 'sandbox-key-THATnobodyHASmade' });
      await page.get('submit').click();
      await page.get('problem-key').waitFor();
    },
  },
  {
    name: 'key-checking',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      await engine.play('outage', { minutes: 5, kind: 'hang' });
      await method(page, 'basic');
      await fill(page, { username: 'ada', password: 'sandbox' });
      await page.get('submit').click();
      await page.page.locator('form[aria-busy=true]').waitFor();
    },
    after: (engine) => engine.play('recover'),
  },
  {
    name: 'key-unreachable',
    world: 'connecting',
    path: '/connect/membrane-sandbox',
    reach: async (page, engine) => {
      await engine.play('outage', { minutes: 5 });
      await method(page, 'basic');
      await fill(page, { username: 'ada', password: 'sandbox' });
      await page.get('submit').click();
      await page.get('save-anyway').waitFor();
    },
    after: (engine) => engine.play('recover'),
  },
  { name: 'unknown-app', world: 'connecting', path: '/connect/no-such-app', reach: (page) => page.get('problem').waitFor() },

  // Reconnecting.
  { name: 'reconnect', world: 'connecting', path: (engine) => `/connections/${engine.repair}/reconnect` },
  { name: 'reconnect-working', world: 'connecting', path: (engine) => `/connections/${engine.works}/reconnect` },

  // Activity.
  { name: 'activity', world: 'full', path: '/activity' },
  { name: 'activity-empty', world: 'empty', path: '/activity' },
  {
    name: 'activity-opened',
    world: 'full',
    path: '/activity',
    reach: async (page) => {
      await page.page.locator('[data-testid=activity] button').nth(1).click();
      await page.page.locator('[data-testid=activity] pre').waitFor();
    },
  },
  {
    name: 'activity-filtered-empty',
    world: 'one',
    path: '/activity',
    reach: async (page) => {
      await page.get('filter-kind').selectOption('connection.deleted');
      await page.get('empty').waitFor();
    },
  },
  { name: 'activity-one', world: 'full', path: (engine) => `/activity?connection=${engine.ids.github}` },
  {
    name: 'activity-new',
    world: 'full',
    path: '/activity',
    reach: async (page, engine) => {
      await page.get('activity').first().waitFor();
      await engine.play('recover');
      await engine.connect('jira', 'ben');
      await page.get('fresh').waitFor();
    },
    after: async (engine) => {
      const { items } = await engine.call('GET', '/connections?integrationKey=jira');
      for (const one of items) await engine.call('DELETE', `/connections/${one.id}`);
    },
    last: true,
  },

  // Apps.
  { name: 'apps', world: 'full', path: '/apps' },
  {
    name: 'apps-none',
    world: 'full',
    path: '/apps',
    reach: async (page) => {
      await page.get('app-choice').first().waitFor();
      await page.type('qqqq');
      await page.get('no-app').waitFor();
    },
  },
  { name: 'app', world: 'full', path: '/apps/github' },
  { name: 'app-own-client', world: 'full', path: '/apps/gmail' },

  ...more,

  // The engine.
  {
    name: 'notice',
    world: 'connecting',
    path: '/apps',
    reach: async (page, engine) => {
      const id = await engine.signIn('github');
      await engine.play('revoke');
      await engine.test(id);
      await page.get('notice').waitFor();
    },
    last: true,
  },
  {
    name: 'engine-lost',
    world: 'one',
    reach: async (page, engine) => {
      await engine.halt('SIGKILL');
      await page.get('engine-lost').waitFor();
    },
    after: (engine) => engine.serve(),
    last: true,
  },
  {
    name: 'no-code',
    world: 'empty',
    reach: async (page) => {
      await page.page.evaluate(() => sessionStorage.clear());
      await page.page.reload();
      await page.get('problem').waitFor();
    },
  },
];
