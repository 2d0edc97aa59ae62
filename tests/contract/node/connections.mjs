// Connections through the official client in Node: one scenario per row of the contract.
import assert from 'node:assert/strict';

const keyOf = (error) => error.data?.key ?? error.key;

export default {
  'find lists connections with the fields that the client knows': async ({ client, connected }) => {
    const made = await connected({ name: 'Ada' });
    const page = await client().connections.find();
    assert.equal(page.items.length, 1);
    const [item] = page.items;
    assert.equal(item.id, made.id);
    for (const field of ['id', 'name', 'userId', 'createdAt', 'updatedAt']) assert.equal(typeof item[field], 'string', field);
    assert.equal(item.state, 'READY');
    assert.equal(item.connected, true);
    assert.equal(item.disconnected, false);
    assert.equal(item.integrationKey, 'membrane-sandbox');
    assert.ok(!('credentials' in item));
  },
  'find takes every filter': async ({ client, connected }) => {
    await connected({ name: 'Alpha', key: 'alpha' });
    const { id } = await connected({ name: 'Beta' });
    const find = async (query) => (await client().connections.find(query)).items.map((item) => item.name);
    assert.deepEqual(await find({ search: 'alph' }), ['Alpha']);
    assert.deepEqual(await find({ integrationKey: 'membrane-sandbox' }), ['Alpha', 'Beta']);
    assert.deepEqual(await find({ integrationId: 'github' }), []);
    assert.deepEqual(await find({ connectorId: 'membrane-sandbox', externalAppId: 'membrane-sandbox' }), ['Alpha', 'Beta']);
    assert.deepEqual(await find({ connected: true }), ['Alpha', 'Beta']);
    assert.deepEqual(await find({ disconnected: true }), []);
    assert.deepEqual(await find({ connected: false }), []);
    assert.deepEqual(await find({ isTest: true }), []);
    assert.deepEqual(await find({ tenantId: 'somebody-else' }), []);
    await client().connection(id).archive();
    assert.deepEqual(await find({}), ['Alpha']);
    assert.deepEqual(await find({ includeArchived: true }), ['Alpha', 'Beta']);
  },
  'pages follow each other by their cursor': async ({ client, connected, call }) => {
    for (const name of ['a', 'b', 'c']) await connected({ name });
    const first = await client().connections.find({ limit: 2 });
    assert.deepEqual(first.items.map((item) => item.name), ['a', 'b']);
    assert.ok(first.cursor);
    const second = await client().connections.find({ limit: 2, cursor: first.cursor });
    assert.deepEqual(second.items.map((item) => item.name), ['c']);
    assert.equal(second.cursor, undefined);
    const start = await client().connections.find({ limit: 3, cursor: '0' });
    assert.equal(start.items.length, 3);
    const all = await client().connections.findAll?.();
    if (all) assert.equal(all.length, 3);
    assert.equal((await call('GET', '/connections?limit=0')).status, 400);
    const wrong = await call('GET', '/connections?limit=many');
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.message, /limit/);
    assert.equal((await call('GET', '/connections?hash=5&whatever=1&limit=25')).status, 200);
  },
  'create by intent waits for the person': async ({ client }) => {
    const made = await client().connections.create({ intent: 'membrane sandbox', name: 'Mine' });
    assert.equal(made.integrationKey, 'membrane-sandbox');
    assert.equal(made.name, 'Mine');
    assert.equal(made.state, 'CLIENT_ACTION_REQUIRED');
    assert.equal(made.connected, false);
    assert.equal(made.disconnected, false);
    assert.equal(made.clientAction.type, 'connect');
    assert.match(made.clientAction.uiUrl, /^http:\/\/127\.0\.0\.1/);
    assert.equal((await client().connection(made.id).get()).id, made.id);
  },
  'an intent that several apps fit leads to a chooser': async ({ client, call }) => {
    const made = await client().connections.create({ intent: 'CRM' });
    assert.equal(made.state, 'CLIENT_ACTION_REQUIRED');
    assert.ok(made.choices.length > 1, JSON.stringify(made.choices));
    assert.match(made.clientAction.uiUrl, /\/screens\/connect\?intent=CRM&code=/);
    const page = await fetch(made.clientAction.uiUrl);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /"at":"search","intent":"CRM"/);
    const again = await fetch(made.clientAction.uiUrl);
    assert.equal(again.status, 401, 'a link opens once');
    const none = await call('POST', '/connect', { body: { intent: 'qqqq zzzz xxxx' } });
    assert.equal(none.status, 404);
    assert.equal(none.body.key, 'not_found');
  },
  'create by key with input connects at once': async ({ connected }) => {
    const made = await connected({ name: 'Ada', key: 'crm', meta: { team: 'sales' } });
    assert.equal(made.state, 'READY');
    assert.equal(made.key, 'crm');
    assert.deepEqual(made.meta, { team: 'sales' });
    assert.equal(made.account.label.startsWith('ada'), true);
  },
  'create with wrong credentials says so and keeps nothing secret': async ({ client, connected }) => {
    const made = await connected({ input: { username: 'ada', password: 'wrong' } });
    assert.equal(made.state, 'CLIENT_ACTION_REQUIRED');
    assert.equal(made.clientAction.type, 'provide-input');
    assert.match(made.clientAction.uiUrl, /\/screens\/connect\?code=/);
    assert.ok(!JSON.stringify(await client().connections.find()).includes('wrong'));
  },
  'create without anything to connect is a bad request': async ({ client }) => {
    await assert.rejects(client().connections.create({ name: 'x' }), (error) => {
      assert.equal(error.isMembraneError, true);
      assert.equal(error.data.type, 'bad_request');
      return true;
    });
  },
  'get never has secrets': async ({ client, connected, call }) => {
    const { id } = await connected({ key: 'crm' });
    assert.equal((await client().connection(id).get()).id, id);
    assert.equal((await client().connection('crm').get()).id, id);
    const refused = await call('GET', `/connections/${id}?includeSecrets=true`);
    assert.equal(refused.status, 403);
    assert.equal(refused.body.key, 'access_denied');
  },
  'get with wait ends when somebody has connected': async ({ client, call }) => {
    const made = await client().connections.create({ integrationKey: 'membrane-sandbox', authOptionKey: 'basic' });
    const waiting = call('GET', `/connections/${made.id}?wait=true&timeout=20`);
    const done = await call('POST', `/connect-sessions/${made.sessionId}/credentials`, {
      body: { values: { username: 'ada', password: 'sandbox' } },
    });
    assert.equal(done.body.state, 'done');
    const waited = await waiting;
    assert.equal(waited.body.state, 'READY');
    const bad = await call('GET', `/connections/${made.id}?wait=true&timeout=61`);
    assert.equal(bad.status, 400);
    assert.match(bad.body.message, /timeout/);
  },
  'patch and put change name, key and metadata': async ({ client, connected, call }) => {
    const { id } = await connected();
    const patched = await client().connection(id).patch({ name: 'Renamed', meta: { a: 1 } });
    assert.equal(patched.name, 'Renamed');
    const put = await client().connection(id).put({ name: 'Put', key: 'put-key', unknown: true });
    assert.equal(put.key, 'put-key');
    const older = await call('PATCH', `/connections/${id}`, { body: { connectionKey: 'older' } });
    assert.equal(older.body.key, 'older');
    const bad = await call('PATCH', `/connections/${id}`, { body: { name: 5 } });
    assert.equal(bad.status, 400);
    assert.match(bad.body.message, /name/);
  },
  'archive removes it from the list and restore brings it back without access': async ({ client, connected, call }) => {
    const { id } = await connected();
    await client().connection(id).archive();
    await assert.rejects(client().connection(id).get(), (error) => keyOf(error) === 'not_found');
    const back = await call('POST', `/connections/${id}/restore`);
    assert.equal(back.status, 200);
    assert.equal(back.body.disconnected, true);
    assert.equal(back.body.reason, 'secret-lost');
    assert.equal(back.body.clientAction.type, 'connect');
    assert.equal((await client().connection(id).get()).archivedAt, undefined);
  },
  'refreshCredentials sends an empty form body and is understood': async ({ client, connected, call }) => {
    const { id } = await connected({ authOptionKey: 'service', input: { client_id: 'sandbox-service', client_secret: 'sandbox-service-secret' } });
    await client().connection(id).refreshCredentials();
    assert.equal((await call('POST', `/connections/${id}/refresh`)).status, 200);
    assert.equal((await call('POST', `/connections/${id}/refresh-credentials`)).body.state, 'READY');
  },
  'attempts are told apart by how they ended': async ({ connected, call, client }) => {
    const { id } = await connected();
    const other = await client().connections.create({ integrationKey: 'membrane-sandbox', authOptionKey: 'oauth' });
    await call('DELETE', `/connect-sessions/${other.sessionId}`);
    const third = await client().connections.create({ integrationKey: 'membrane-sandbox', authOptionKey: 'oauth' });
    const page = await fetch(third.clientAction.uiUrl).then((reply) => reply.text());
    const form = new URLSearchParams({ ticket: /name="ticket" value="([^"]+)"/.exec(page)[1], person: 'ada', answer: 'deny' });
    await fetch(new URL('/authorize', third.clientAction.uiUrl), { method: 'POST', body: form });
    const all = (await call('GET', '/connection-attempt-logs')).body.items;
    assert.deepEqual(all.map((one) => one.status), ['error', 'success'], 'newest first; what was called off is not told');
    assert.equal(all[0].error.data.code, 'access_denied_by_user');
    assert.equal(all[1].connectionId, id);
    assert.equal(all[1].authOptionKey, 'basic');
    const only = async (query) => (await call('GET', `/connection-attempt-logs?${query}`)).body;
    assert.deepEqual((await only(`connectionId=${id}`)).items.map((one) => one.id), [all[1].id]);
    assert.deepEqual((await only('status=error&integrationId=membrane-sandbox')).items.map((one) => one.id), [all[0].id]);
    const first = await only('limit=1');
    assert.deepEqual((await only(`limit=1&cursor=${first.cursor}`)).items.map((one) => one.id), [all[1].id]);
    assert.equal((await call('GET', '/connection-attempt-logs?status=maybe')).status, 400);
  },
  'test asks the app': async ({ connected, call }) => {
    const { id } = await connected();
    assert.deepEqual((await call('POST', `/connections/${id}/test`)).body, { success: true });
  },
  'reconnect starts a repair and leaves the connection as it is': async ({ client, connected, call }) => {
    const { id } = await connected();
    const { body } = await call('POST', `/connections/${id}/reconnect`);
    assert.equal(body.id, id);
    assert.match(body.clientAction.uiUrl, /\/screens\/connection\?code=/);
    assert.equal((await client().connection(id).get()).state, 'READY');
    const same = await call('POST', '/connect', { body: { connectionId: id } });
    assert.equal(same.body.id, id);
  },
  'ensure finds the connection of an address or starts one': async ({ call, connected }) => {
    const fresh = await call('POST', '/connections/ensure', { body: { appUrl: 'https://www.notion.so/page', name: 'Notes' } });
    assert.ok([200, 409].includes(fresh.status), JSON.stringify(fresh.body));
    const wrong = await call('POST', '/connections/ensure', { body: { appUrl: '10.0.0.1' } });
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.message, /no address of an app.*appUrl/);
    const unknown = await call('POST', '/connections/ensure', { body: { appUrl: 'nobody-knows-this.invalid' } });
    assert.equal(unknown.status, 503);
    const { id } = await connected();
    const found = await call('POST', '/connections/ensure', { body: { appUrl: 'sandbox.membrane.example' } });
    if (found.status === 200) assert.equal(found.body.id, id);
  },
  'tokens are handed out to clients that may': async ({ call, connected, noTokens }) => {
    const { id } = await connected();
    const token = await call('GET', `/connections/${id}/token`);
    assert.equal(Buffer.from(token.body.accessToken, 'base64').toString(), 'ada:sandbox');
    assert.equal((await call('GET', `/connections/${id}/token`, { token: noTokens })).status, 403);
  },
  'events tell what happened': async ({ call, connected }) => {
    const { id } = await connected();
    const { body } = await call('GET', `/connections/${id}/events`);
    assert.deepEqual(body.items.map((event) => event.eventType), ['connection.created']);
  },
};
