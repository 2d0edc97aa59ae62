// The states of webhooks and settings, as those in states.mjs.
import { fill } from './fill.mjs';

export const more = [
  // Webhooks.
  { name: 'webhooks-empty', world: 'empty', path: '/webhooks' },
  { name: 'webhooks', world: 'hooked', path: '/webhooks' },
  {
    name: 'webhooks-add',
    world: 'hooked',
    path: '/webhooks',
    reach: async (page) => {
      await page.get('webhook-add').click();
      await fill(page, { url: 'https://10.0.0.1/hook' });
      await page.get('webhook-save').click();
      await page.get('problem-url').waitFor();
    },
  },
  { name: 'webhook', world: 'hooked', path: (engine) => `/webhooks/${engine.hooks.works}` },
  {
    name: 'webhook-secret',
    world: 'hooked',
    path: (engine) => `/webhooks/${engine.hooks.works}`,
    reach: async (page) => {
      await page.get('secret-new').click();
      await page.get('secret-confirm').click();
      await page.get('secret-reveal').click();
    },
  },
  {
    name: 'webhook-delivery',
    world: 'hooked',
    path: (engine) => `/webhooks/${engine.hooks.fails}`,
    reach: async (page) => {
      await page.page.locator('[data-testid=delivery][data-state=waiting] button').first().click();
      await page.get('redeliver').waitFor();
    },
  },
  { name: 'webhook-failing', world: 'hooked', path: (engine) => `/webhooks/${engine.hooks.fails}` },
  { name: 'webhook-turned-off', world: 'hooked', path: (engine) => `/webhooks/${engine.hooks.gone}` },
  { name: 'webhook-off', world: 'hooked', path: (engine) => `/webhooks/${engine.hooks.off}` },
  {
    name: 'webhook-remove',
    world: 'hooked',
    path: (engine) => `/webhooks/${engine.hooks.off}`,
    reach: (page) => page.get('webhook-remove').click(),
  },
  { name: 'home-webhook-off', world: 'hooked' },

  // Settings.
  { name: 'settings-general', world: 'full', path: '/settings' },
  { name: 'settings-security', world: 'full', path: '/settings/security' },
  { name: 'settings-security-locked', world: 'locked', path: '/settings/security' },
  { name: 'settings-api', world: 'full', path: '/settings/api' },
  {
    name: 'settings-origins',
    world: 'one',
    path: '/settings/api',
    reach: async (page) => {
      await page.get('origin-add').click();
      await fill(page, { origin: 'https://app.example.com' });
      await page.get('origin-approve').click();
      await page.get('origin').scrollIntoViewIfNeeded();
    },
    after: (engine) => engine.call('DELETE', '/origins', { origin: 'https://app.example.com' }),
  },
  {
    name: 'settings-api-token',
    world: 'one',
    path: '/settings/api',
    reach: async (page) => {
      await page.get('client-add').click();
      await fill(page, { 'client-name': 'Cursor' });
      await page.get('client-create').click();
      await page.get('client-token').waitFor();
    },
    after: async (engine) => {
      for (const { id } of (await engine.call('GET', '/clients')).items) await engine.call('DELETE', `/clients/${id}`);
    },
  },
  {
    name: 'settings-diagnostics',
    world: 'full',
    path: '/settings/diagnostics',
    reach: (page) => page.get('doctor').waitFor(),
  },
  {
    name: 'settings-bundle',
    world: 'full',
    path: '/settings/diagnostics',
    reach: async (page) => {
      await page.get('bundle-look').click();
      await page.get('bundle').waitFor();
    },
  },
  { name: 'settings-about', world: 'full', path: '/settings/about' },
  {
    name: 'settings-german',
    world: 'full',
    path: '/settings',
    reach: async (page) => {
      await page.get('language').selectOption('de');
      await page.page.locator('html[lang=de]').waitFor();
    },
    after: (engine) => engine.call('PATCH', '/settings', { language: 'system' }),
  },
  {
    name: 'home-german',
    world: 'full',
    reach: async (page, engine) => {
      await engine.call('PATCH', '/settings', { language: 'de' });
      await page.page.reload();
      await page.page.locator('html[lang=de] main[data-phase=live]').waitFor();
      await page.settled();
    },
    after: (engine) => engine.call('PATCH', '/settings', { language: 'system' }),
  },
];
