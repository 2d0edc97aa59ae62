// Paths from the shell, from links and from the address lead to the right place.
import { expect, test } from 'vitest';
import { href, parent, parse, type Route } from '../src/lib/route';

test.each([
  ['/', { at: 'home' }],
  ['/connect', { at: 'search', intent: '' }],
  ['/connect?intent=send%20e%2Dmail', { at: 'search', intent: 'send e-mail' }],
  ['/connect?app=github', { at: 'connect', app: 'github' }],
  ['/connect/google-calendar', { at: 'connect', app: 'google-calendar' }],
  ['/connections/con_1', { at: 'connection', id: 'con_1' }],
  ['/connections/con_1/reconnect', { at: 'reconnect', id: 'con_1' }],
  ['/reconnect/con_1', { at: 'reconnect', id: 'con_1' }],
  ['/sessions/ses_1', { at: 'session', id: 'ses_1' }],
  ['/activity', { at: 'activity' }],
  ['/activity?connection=con_1', { at: 'activity', connection: 'con_1' }],
  ['/apps', { at: 'apps' }],
  ['/apps/github', { at: 'app', key: 'github' }],
  ['/webhooks', { at: 'webhooks' }],
  ['/webhooks/whk_1', { at: 'webhook', id: 'whk_1' }],
  ['/welcome/2', { at: 'welcome', step: 2 }],
  ['/welcome/9', { at: 'welcome', step: 1 }],
  ['/settings', { at: 'settings', part: 'general' }],
  ['/settings/api', { at: 'settings', part: 'api' }],
  ['/settings/nothing', { at: 'settings', part: 'general' }],
])('%s is read', (text, route) => {
  expect(parse(text)).toEqual(route);
});

test.each(['', '/nowhere', '/connections', '/connections/a%2Fb', '/connections/%E0', `/sessions/${'x'.repeat(100)}`])(
  '%s leads home',
  (text) => {
    expect(parse(text)).toEqual({ at: 'home' });
  },
);

test('every place survives its own address', () => {
  const all: Route[] = [
    { at: 'home' },
    { at: 'search', intent: 'a & b?' },
    { at: 'connect', app: 'x-y' },
    { at: 'connection', id: 'con_1' },
    { at: 'reconnect', id: 'con_1' },
    { at: 'session', id: 'ses_1' },
    { at: 'activity', connection: 'con_1' },
    { at: 'activity' },
    { at: 'apps' },
    { at: 'app', key: 'github' },
    { at: 'webhooks' },
    { at: 'webhook', id: 'whk_1' },
    { at: 'welcome', step: 3 },
    { at: 'settings', part: 'general' },
    { at: 'settings', part: 'diagnostics' },
  ];
  for (const route of all) expect(parse(href(route))).toEqual(route);
});

test('Esc leads from a repair to its connection, and home at last', () => {
  expect(parent({ at: 'reconnect', id: 'con_1' })).toEqual({ at: 'connection', id: 'con_1' });
  expect(parent({ at: 'connection', id: 'con_1' })).toEqual({ at: 'home' });
  expect(parent({ at: 'home' })).toBeNull();
});
