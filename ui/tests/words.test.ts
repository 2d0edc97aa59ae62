// Times, events and problems are said the same way everywhere.
import { expect, test } from 'vitest';
import { asProblem, sentence } from '../src/lib/api';
import { ago, checkFailed, clock, eventSentence } from '../src/lib/words';

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

test('a lost access names its reason and keeps the app’s name', () => {
  const event = { id: '', eventType: 'connection.disconnected', connectionId: '', appKey: 'x', createdAt: '' } as const;
  expect(eventSentence({ ...event, reason: 'secret-lost' }, 'Slack')).toBe(
    'Lost access: its credential is not on this computer any more',
  );
  expect(eventSentence({ ...event, reason: 'revoked' }, 'Slack')).toContain(': Slack ended');
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
