// The client against the real engine: MEMBRANE_API_URL and MEMBRANE_TOKEN say where it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Membrane, MembraneError } from '@membrane-desktop/sdk';
import { signIn, signOutEverywhere } from './person.mjs';

const membrane = new Membrane();
const sandbox = { integrationKey: 'membrane-sandbox' };
const connected = () => membrane.connect({ ...sandbox, allowMultipleConnections: true, onUrl: (url) => signIn(url) });

test('connect carries the intent and waits until it is connected', async () => {
  const shown = [];
  const connection = await membrane.connect({
    intent: 'membrane sandbox',
    name: 'Mine',
    connectionKey: 'mine',
    onUrl: (url, begun) => {
      shown.push(begun.state);
      signIn(url);
    },
  });
  assert.deepEqual(shown, ['CLIENT_ACTION_REQUIRED']);
  assert.equal(connection.state, 'READY');
  assert.equal(connection.integrationKey, 'membrane-sandbox');
  assert.equal(connection.name, 'Mine');
  assert.equal((await membrane.connections.get('mine')).id, connection.id);
  const { accessToken } = await membrane.connections.token('mine');
  const { sandbox: at } = await membrane.status();
  const me = await fetch(`${at.url}/api/me`, { headers: { authorization: `Bearer ${accessToken}` } });
  assert.equal(me.status, 200);
  await membrane.connections.archive(connection.id);
});

test('a disconnected connection is repaired and stays the same', async () => {
  const connection = await connected();
  await signOutEverywhere(membrane);
  await membrane.connections.refresh(connection.id).catch(() => undefined);
  assert.equal((await membrane.connections.get(connection.id)).disconnected, true);
  const repaired = await membrane.connect({ connectionId: connection.id, onUrl: (url) => signIn(url) });
  assert.equal(repaired.id, connection.id);
  assert.equal(repaired.state, 'READY');
  await membrane.connections.archive(connection.id);
});

test('a person who refuses makes it fail with why', async () => {
  const attempt = membrane.connect({ ...sandbox, onUrl: (url) => signIn(url, 'deny') });
  await assert.rejects(attempt, (error) => {
    assert.ok(error instanceof MembraneError);
    assert.match(error.code, /^[a-z_]+$/);
    assert.ok(error.message.length > 5);
    return true;
  });
});

test('a signal calls it off, and the attempt at the engine too', async () => {
  const abort = new AbortController();
  let begun;
  const attempt = membrane.connect({
    ...sandbox,
    signal: abort.signal,
    onUrl: (_url, connection) => {
      begun = connection;
      abort.abort();
    },
  });
  await assert.rejects(attempt, { name: 'AbortError' });
  const now = await membrane.connections.get(begun.id).catch((error) => error);
  assert.ok(now.code === 'not_found' || now.state === 'SETUP_FAILED', JSON.stringify(now));
});

test('a time that is over ends it with what to do', async () => {
  const attempt = membrane.connect({ ...sandbox, timeout: 1000, onUrl: () => undefined });
  await assert.rejects(attempt, { name: 'MembraneError', code: 'timeout' });
});

test('events are an async iterator that begins with everything', async () => {
  const abort = new AbortController();
  const seen = [];
  let connecting;
  for await (const message of membrane.events(abort.signal)) {
    if (message.type === 'snapshot') connecting = connected();
    if (message.type === 'event') {
      seen.push(message.event.eventType);
      if (message.event.eventType === 'connection.deleted') abort.abort();
      else connecting.then((connection) => membrane.connections.archive(connection.id));
    }
  }
  assert.deepEqual(seen, ['connection.created', 'connection.deleted']);
});

test('lists come page by page, and changes are kept', async () => {
  const connection = await connected();
  const changed = await membrane.connections.patch(connection.id, { name: 'Renamed', meta: { team: 7 } });
  assert.equal(changed.name, 'Renamed');
  const names = [];
  for await (const one of membrane.connections.all({ limit: 1 })) names.push(one.name);
  assert.ok(names.includes('Renamed'), names.join());
  const page = await membrane.connections.find({ search: 'Renamed' });
  assert.deepEqual(page.items.map((item) => item.meta), [{ team: 7 }]);
  assert.deepEqual((await membrane.connections.test(connection.id)).success, true);
  assert.deepEqual((await membrane.connections.events(connection.id)).map((event) => event.eventType), ['connection.created']);
  await membrane.connections.archive(connection.id);
  const back = await membrane.connections.restore(connection.id);
  assert.equal(back.disconnected, true);
  await membrane.connections.archive(connection.id);
});

test('a request waits for the person and hears the answer', async () => {
  const asked = await membrane.requests.create({ ...sandbox, prompt: 'To read your contacts' });
  assert.equal(asked.status, 'pending');
  assert.ok(asked.url.startsWith('http://127.0.0.1:'));
  assert.equal((await membrane.requests.wait(asked.requestId, 1000)).status, 'pending');
});

test('apps are listed and found by intent', async () => {
  assert.ok((await membrane.integrations('sandbox')).some((app) => app.key === 'membrane-sandbox'));
  assert.ok((await membrane.search('CRM')).items.length > 1);
  assert.ok((await membrane.self()).id);
});

test('failures have a code, a message and a hint', async () => {
  await assert.rejects(membrane.connections.get('nothing'), { name: 'MembraneError', code: 'not_found', status: 404 });
  await assert.rejects(membrane.connect({}), { code: 'bad_request' });
  await assert.rejects(new Membrane({ token: 'pat-wrong' }).self(), { code: 'not_authenticated', status: 401 });
  const nobody = new Membrane({ token: 'pat-x', apiUri: 'http://127.0.0.1:1' });
  await assert.rejects(nobody.self(), (error) => error.code === 'unreachable' && error.hint.includes('membrane serve'));
});
