// Times, events and problems are said the same way everywhere.
import { expect, test } from 'vitest';
import { asProblem, fromWire, sentence } from '../src/lib/api';
import { speak } from '../src/lib/texts.svelte';
import { activitySentence, ago, checkFailed, clock, eventSentence, notice, standing } from '../src/lib/words';
import { connection } from './fixtures';

const now = new Date(2026, 2, 4, 10, 0).getTime();
const then = (days: number, hours = 0) => new Date(2026, 2, 4 + days, 10 + hours, 0).toISOString();

test('times are said by their distance', () => {
  expect(clock(then(0, 4), now)).toBe('14:00');
  expect(clock(then(2, 4), now)).toBe('Fri 14:00');
  expect(clock(then(364), now)).toBe('3 Mar 2027');
});

test('the past is said by its age', () => {
  expect(ago(new Date(now - 10_000).toISOString(), now)).toBe('just now');
  expect(ago(new Date(now - 180_000).toISOString(), now)).toBe('3 min ago');
  expect(ago(then(-1), now)).toBe('yesterday');
  expect(ago(then(-5), now)).toBe('5 days ago');
});

test('activity names the app and who used it', () => {
  const item = { id: 'e', at: '', connectionId: 'c', appKey: 'slack', appName: 'Slack', uses: 1 };
  expect(activitySentence({ ...item, kind: 'connection.disconnected', reason: 'revoked' })).toBe('Slack lost access');
  expect(activitySentence({ ...item, kind: 'used', uses: 3, by: { kind: 'client', name: 'Claude' } })).toBe(
    'Claude used Slack · 3 times',
  );
  expect(eventSentence({ kind: 'used', uses: 1, by: { kind: 'terminal' } })).toBe('Your terminal used it');
});

test('a notice names the account only where that is wanted', () => {
  const lost = connection('slack', 'Slack', 'ada@example.com', 'attention', { reason: 'rotation-lost' });
  expect(notice(lost, false).body).toBe('The connection was signed out. Tools can’t use it until you reconnect.');
  expect(notice(lost, true).body).toContain('ada@example.com was signed out');
  expect(notice({ ...lost, reason: 'key-rejected' }, false).body).toContain('a key that no longer works');
});

test('another language composes what the engine says in English', async () => {
  const working = connection('slack', 'Slack', 'ada', 'connected', { nextCredentialsRefreshAt: then(0, 4) });
  expect(standing(working, now)).toBe(working.health.sentence);
  await speak('de');
  expect(standing(working, now)).toBe('Verbunden. Der Zugang erneuert sich von selbst, das nächste Mal gegen 14:00.');
  expect(fromWire({ type: '', message: 'x', data: { code: 'paused', hint: 'y', action: 'tell' } }).message).toBe(
    'Die Verbindung ist pausiert.',
  );
  await speak('en');
});

test('a failed check says what to think of it', () => {
  expect(checkFailed('Slack', 'http-401')).toBe('Slack does not accept the credential (401).');
  expect(checkFailed('Slack', 'dns')).toBe('Slack can’t be reached right now.');
});

test('messages become sentences', () => {
  expect(sentence('the browser could not be opened')).toBe('The browser could not be opened.');
  expect(sentence('Done.')).toBe('Done.');
});

test('whatever is thrown becomes a problem with a hint', () => {
  const body = { type: 'x', message: 'no', data: { code: 'offline', hint: 'wait', action: 'retry' } };
  expect(asProblem(body)).toMatchObject({ code: 'offline', message: 'No.', hint: 'Wait.' });
  expect(asProblem('odd').code).toBe('engine_not_running');
});
