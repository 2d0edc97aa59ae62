// The isolation hook lets through what the console sends and nothing else.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const source = readFileSync(new URL('../isolation/index.js', import.meta.url), 'utf8');
const frame: { __TAURI_ISOLATION_HOOK__?: (message: unknown) => { cmd: string } } = {};
new Function('window', source)(frame);
const passes = (cmd: string, payload: unknown) => {
  const message = { cmd, callback: 1, error: 2, options: {}, payload };
  return frame.__TAURI_ISOLATION_HOOK__!(message) === message;
};
const request = (more: object = {}) => ({ request: { method: 'GET', path: '/connections/con_1?a=b%20c', ...more } });

test('the console’s own messages pass', () => {
  expect(passes('api', request())).toBe(true);
  expect(passes('api', request({ method: 'POST', body: { values: { key: 'x' } } }))).toBe(true);
  expect(passes('events', { channel: '__CHANNEL__:1' })).toBe(true);
  expect(passes('ready', {})).toBe(true);
  expect(passes('open_external', { url: 'https://github.com/x' })).toBe(true);
  expect(passes('open_external', { url: 'http://127.0.0.1:4790/keys' })).toBe(true);
  expect(passes('plugin:event|listen', { event: 'navigate', target: { kind: 'Any' }, handler: 3 })).toBe(true);
  expect(passes('plugin:event|listen', { event: 'problem', target: { kind: 'Any' }, handler: 4 })).toBe(true);
  expect(passes('plugin:__TAURI_CHANNEL__|fetch', null)).toBe(true);
});

test.each([
  ['shell', {}],
  ['toString', {}],
  ['plugin:shell|execute', {}],
  ['plugin:event|listen', { event: 'tauri://drag-drop' }],
  ['plugin:event|emit', { event: 'navigate' }],
  ['open_external', { url: 'file:///etc/passwd' }],
  ['open_external', { url: 'http://example.com/' }],
  ['open_external', { url: 'http://127.0.0.1.example.com/' }],
  ['open_external', { url: 'javascript:alert(1)' }],
  ['api', request({ method: 'TRACE' })],
  ['api', request({ path: 'http://elsewhere/' })],
  ['api', request({ path: '/a b' })],
  ['api', request({ path: `/${'a'.repeat(5000)}` })],
  ['api', request({ headers: {} })],
  ['api', { ...request(), more: 1 }],
  ['api', null],
])('%s with %o is refused', (cmd, payload) => {
  expect(passes(cmd, payload)).toBe(false);
});
