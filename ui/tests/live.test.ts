// The stream's messages add up to what is shown.
import { expect, test } from 'vitest';
import { session, status, twelve } from './fixtures';
import { apply, nothing } from '../src/lib/live';
import { group, identity, matches } from '../src/lib/order';
import type { ConnectionRequest } from '../src/lib/wire';

const slack = twelve[0]!;

function known() {
  const state = nothing();
  apply(state, { type: 'snapshot', status: status(twelve), connections: twelve, sessions: [session('ses_1')] });
  return state;
}

test('a snapshot replaces what was known', () => {
  const state = known();
  apply(state, { type: 'snapshot', status: status([slack]), connections: [slack], sessions: [] });
  expect(Object.keys(state.connections)).toEqual([slack.id]);
  expect(state.sessions).toEqual({});
});

test('the end of a session outlives a snapshot without it', () => {
  const state = known();
  apply(state, { type: 'session', session: session('ses_1', { state: 'done' }) });
  apply(state, { type: 'snapshot', status: status([]), connections: [], sessions: [] });
  expect(state.sessions.ses_1?.state).toBe('done');
});

test('a connection is changed and removed', () => {
  const state = known();
  apply(state, { type: 'connection', connection: { ...slack, name: 'Team chat' } });
  expect(state.connections[slack.id]?.name).toBe('Team chat');
  apply(state, { type: 'connection-removed', id: slack.id });
  expect(state.connections[slack.id]).toBeUndefined();
});

test('events are counted by connection', () => {
  const state = known();
  const event = { id: 'e', eventType: 'connection.deleted', connectionId: slack.id, appKey: 'slack', createdAt: '' } as const;
  apply(state, { type: 'event', event });
  expect(state.events[slack.id]).toBe(1);
  expect(state.last).toEqual(event);
});

test('what needs the person is on top, and accounts of one app are side by side', () => {
  const groups = group(twelve);
  expect(groups.map((g) => g.key)).toEqual(['attention', 'connecting', 'connected', 'paused']);
  const connected = groups[2]!.items.map(identity);
  expect(connected.slice(0, 3)).toEqual(['ada-at-work', 'octocat', 'ada@example.com']);
});

test('a name of the person’s own stands before the account', () => {
  expect(identity(twelve[7]!)).toBe('Linear for work · Analytical Engines');
});

test('every word of a search has to fit', () => {
  expect(twelve.filter((c) => matches(c, 'github octo')).length).toBe(1);
  expect(twelve.filter((c) => matches(c, 'github nobody')).length).toBe(0);
});

test('a request to connect is shown until it is answered', () => {
  const state = known();
  const request = { requestId: 'req_1', title: 'Cursor asks to connect HubSpot', status: 'pending' } as ConnectionRequest;
  apply(state, { type: 'request', request });
  expect(Object.keys(state.requests)).toEqual(['req_1']);
  apply(state, { type: 'request', request: { ...request, status: 'success' } });
  expect(state.requests).toEqual({});
});

test('a tenant that is named for the first time is one more', () => {
  const state = known();
  apply(state, { type: 'tenant', tenant: { id: 'ten_1', name: 'Ada', internalId: 'ada' } });
  expect(state.tenants.map((one) => one.name)).toEqual(['Ada']);
});
