// Tokens, tenants, requests to connect and streams, through the official client in Node.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { MembraneClient } from '@membranehq/sdk';
import { asPerson } from '../browser/stage.mjs';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
export function sign(claims, secret, alg = 'HS256') {
  const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  const hash = alg === 'HS512' ? 'sha512' : 'sha256';
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}
const soon = () => Math.floor(Date.now() / 1000) + 600;

/** Reads a stream of server-sent events and returns its messages one by one. */
export async function* messages(url, options) {
  const reply = await fetch(url, options);
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('content-type'), /^text\/event-stream/);
  let text = '';
  for await (const chunk of reply.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const data = text.slice(0, end).split('\n').filter((line) => line.startsWith('data:'));
      text = text.slice(end + 2);
      if (data.length) yield JSON.parse(data.map((line) => line.slice(5)).join('\n'));
    }
  }
}

async function until(stream, fits) {
  for await (const message of stream) if (fits(message)) return message;
  throw new Error('the stream ended first');
}

export default {
  'an opaque token, its alias and a lazy one work': async ({ api, token }) => {
    for (const options of [{ token }, { accessToken: token }, { fetchToken: async () => token }]) {
      const page = await new MembraneClient({ ...options, apiUri: `${api}/` }).connections.find();
      assert.deepEqual(page.items, []);
    }
  },
  'a workspace signs a token per tenant and they never meet': async ({ api, workspace, connected, client, call }) => {
    const of = (tenantKey) => new MembraneClient({ ...workspace, tenantKey, apiUri: api });
    const [ada, ben] = [of('customer 1'), of('customer-2')];
    const made = await connected({ name: 'Of ada', key: 'same-key' }, ada);
    assert.equal(made.state, 'READY');
    assert.deepEqual((await ada.connections.find()).items.map((item) => item.name), ['Of ada']);
    assert.deepEqual((await ben.connections.find()).items, []);
    assert.deepEqual((await client().connections.find()).items, []);
    for (const other of [ben, client()]) {
      await assert.rejects(other.connection(made.id).get(), (error) => error.data.key === 'not_found');
      await assert.rejects(other.connection(made.id).archive(), (error) => error.data.key === 'not_found');
      await assert.rejects(other.connection('same-key').get(), (error) => error.data.key === 'not_found');
    }
    const second = await connected({ name: 'Of ben', key: 'same-key' }, ben);
    assert.notEqual(second.tenantId, made.tenantId);
    const self = await ada.self.get();
    assert.equal(self.internalId, 'customer 1');
    assert.equal(self.id, made.tenantId);
    assert.equal((await call('GET', `/connections?tenantId=${made.tenantId}`)).body.items.length, 0);
  },
  'events never cross tenants': async ({ api, workspace, connected }) => {
    const of = (tenantKey) => new MembraneClient({ ...workspace, tenantKey, apiUri: api });
    const token = (id) => sign({ iss: workspace.workspaceKey, id, exp: soon() }, workspace.workspaceSecret);
    const ben = messages(`${api}/sse/workspace?token=${token('ben')}`);
    assert.equal((await ben.next()).value.type, 'connected');
    await connected({ name: 'Of ada' }, of('ada'));
    const made = await connected({ name: 'Of ben' }, of('ben'));
    const told = await until(ben, (message) => message.type === 'element-update');
    assert.equal(told.elementId, made.id, 'the first that ben hears of is his own');
    const all = messages(`${api}/events`, { headers: { authorization: `Bearer ${token('ada')}` } });
    const { value: snapshot } = await all.next();
    assert.deepEqual(snapshot.connections.map((one) => one.name), ['Of ada']);
    assert.deepEqual(snapshot.tenants.map((one) => one.internalId), ['ada']);
    assert.equal(snapshot.status.connections, 1);
  },
  'tokens of a workspace are checked to the letter': async ({ call, workspace }) => {
    const { workspaceKey, workspaceSecret } = workspace;
    const good = { workspaceKey, tenantKey: 't', name: 'Tee', exp: soon() };
    const status = async (token) => (await call('GET', '/self', { token })).status;
    assert.equal((await call('GET', '/self', { token: sign(good, workspaceSecret) })).body.name, 'Tee');
    assert.equal(await status(sign(good, workspaceSecret, 'HS512')), 200);
    assert.equal(await status(sign({ iss: workspaceKey, id: 't', exp: soon() }, workspaceSecret)), 200);
    const refused = {
      'another secret': sign(good, 'other'),
      'another algorithm': sign(good, workspaceSecret, 'RS256'),
      'no signature': sign(good, workspaceSecret).split('.').slice(0, 2).join('.') + '.',
      'alg none': `${part({ alg: 'none' })}.${part(good)}.`,
      'run out': sign({ ...good, exp: soon() - 3600 }, workspaceSecret),
      'no end': sign({ workspaceKey, tenantKey: 't' }, workspaceSecret),
      'no tenant': sign({ workspaceKey, exp: soon() }, workspaceSecret),
      'another workspace': sign({ ...good, workspaceKey: 'wks_other' }, workspaceSecret),
      'no JSON': 'a.b.c',
    };
    for (const [what, token] of Object.entries(refused)) {
      const reply = await call('GET', '/self', { token });
      assert.equal(reply.status, 401, what);
      assert.equal(reply.body.key, 'not_authenticated', what);
      assert.ok(!JSON.stringify(reply.body).includes(workspaceSecret));
    }
  },
  'R-61 every JSON route needs a token': async ({ call }) => {
    for (const [method, path] of [['GET', '/connections'], ['POST', '/connect'], ['GET', '/events'], ['GET', '/self'], ['GET', '/status']]) {
      const reply = await call(method, path, { token: null });
      assert.equal(reply.status, 401, `${method} ${path}`);
      assert.match(reply.headers.get('www-authenticate'), /^Bearer/);
    }
    assert.equal((await call('GET', '/health', { token: null })).status, 200);
  },
  'R-62 origins and preflights': async ({ call, api }) => {
    const preflight = (origin) =>
      fetch(`${api}/connections`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'authorization, membrane-api-version, content-type',
        },
      });
    const good = await preflight('http://localhost:3000');
    assert.equal(good.status, 204);
    assert.equal(good.headers.get('access-control-allow-origin'), 'http://localhost:3000');
    assert.match(good.headers.get('access-control-allow-headers'), /authorization, content-type, membrane-api-version/);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      assert.match(good.headers.get('access-control-allow-methods'), new RegExp(method));
    }
    assert.equal((await preflight('https://evil.example')).status, 403);
    assert.equal((await preflight('https://app.example.com')).status, 204, 'an approved origin');
    assert.equal((await call('GET', '/self', { headers: { origin: 'null' } })).status, 403);
    assert.equal((await call('GET', '/self', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
  },
  'R-63 a body must say that it is JSON': async ({ api, token }) => {
    const reply = await fetch(`${api}/connections`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
      body: '{"intent":"CRM"}',
    });
    assert.equal(reply.status, 415);
  },
  'R-68 a client that is revoked loses its streams and its access at once': async ({ api, call }) => {
    const { body: made } = await asPerson('POST', '/clients', { name: 'short-lived' });
    const stream = messages(`${api}/events`, { headers: { authorization: `Bearer ${made.token}` } });
    assert.equal((await stream.next()).value.type, 'snapshot');
    assert.equal((await asPerson('DELETE', `/clients/${made.id}`)).status, 200);
    let end;
    do end = await stream.next();
    while (!end.done && end.value.type === 'status');
    assert.equal(end.done, true);
    assert.equal((await call('GET', '/self', { token: made.token })).status, 401);
  },
  'R-70 a client with 64 requests under way is told to wait': async ({ call, client, api, token }) => {
    const made = await client().connections.create({ integrationKey: 'membrane-sandbox', authOptionKey: 'basic' });
    const stop = new AbortController();
    const poll = () =>
      fetch(`${api}/connections/${made.id}?wait=true&timeout=60`, {
        headers: { authorization: `Bearer ${token}` },
        signal: stop.signal,
      }).catch(() => undefined);
    // One of these comes back at once: the sixty-fifth, whichever that is.
    const refused = await Promise.race(Array.from({ length: 65 }, poll));
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '1');
    const body = await refused.json();
    assert.equal(body.key, 'rate_limit_exceeded');
    stop.abort();
    // Those who hung up make room again.
    let status;
    do ({ status } = await call('GET', '/self'));
    while (status === 429);
    assert.equal(status, 200);
  },
  'R-70 bodies and heads have an end': async ({ api, token }) => {
    const authorization = `Bearer ${token}`;
    const json = { authorization, 'content-type': 'application/json' };
    const large = await fetch(`${api}/connections`, { method: 'POST', headers: json, body: JSON.stringify({ intent: 'x'.repeat(1_100_000) }) });
    assert.equal(large.status, 415);
    assert.match((await large.json()).message, /1 MiB/);
    const head = await fetch(`${api}/self`, { headers: { authorization, 'x-long': 'x'.repeat(20_000) } });
    assert.equal(head.status, 431);
  },
  'a request to connect is answered by a person': async ({ call, api }) => {
    const made = await call('POST', '/connection-requests', {
      body: { integrationKey: 'membrane-sandbox', name: 'Work', connectionKey: 'work', prompt: 'to read your contacts' },
    });
    assert.equal(made.status, 200);
    const { requestId, url } = made.body;
    assert.equal(made.body.status, 'pending');
    assert.equal(made.body.tenantId, 'default');
    assert.match(made.body.title, /^scenario asks to connect Membrane Sandbox$/);
    assert.ok(url.startsWith(`${api}/screens/connections?connectionRequestId=${requestId}&code=`));
    const poll = await call('GET', `/connection-requests/${requestId}`);
    assert.equal(poll.body.url, undefined, 'the link is shown once');
    assert.equal((await call('PATCH', `/connection-requests/${requestId}`, { body: {} })).body.status, 'pending');
    const waiting = call('GET', `/connection-requests/${requestId}?wait=true&timeout=30`);
    const stream = messages(`${api}/sse/connection-events/${requestId}`);
    const page = await (await fetch(url)).text();
    const boot = JSON.parse(/id="boot">(.*?)<\/script>/.exec(page)[1]);
    assert.equal(boot.view.at, 'request');
    const own = { token: boot.token };
    const session = await call('POST', '/connect-sessions', {
      ...own,
      body: { appKey: 'membrane-sandbox', authMethod: 'basic', input: { username: 'ada', password: 'sandbox' } },
    });
    assert.equal(session.body.state, 'done', JSON.stringify(session.body));
    const { body: answer } = await waiting;
    assert.equal(answer.status, 'success');
    assert.equal(answer.resultConnectionId, session.body.connectionId);
    const told = (await stream.next()).value;
    assert.equal(told.type, 'newConnectionCreated');
    assert.equal(told.connection.id, answer.resultConnectionId);
    const connection = (await call('GET', '/connections/work')).body;
    assert.equal(connection.name, 'Work');
  },
  'a request may be declined, and must name something': async ({ call }) => {
    assert.equal((await call('POST', '/connection-requests', { body: {} })).status, 400);
    assert.equal((await call('POST', '/connection-requests', { body: { integrationKey: 'no-such-app' } })).status, 404);
    const wrong = await call('POST', '/connection-requests', {
      body: { integrationKey: 'github', redirectUri: 'https://evil.example/x' },
    });
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.message, /redirectUri/);
    const { body } = await call('POST', '/connection-requests', { body: { integrationKey: 'github' } });
    const declined = await call('DELETE', `/connection-requests/${body.requestId}`);
    assert.equal(declined.body.status, 'cancelled');
    assert.equal((await call('GET', '/connection-requests')).body.items.length, 0);
  },
  'a page has a token of its own that does nothing else': async ({ call, api, token, connected }) => {
    const { id } = await connected();
    const form = new URLSearchParams({ token, integrationKey: 'membrane-sandbox' });
    const page = await (await fetch(`${api}/screens/connect`, { method: 'POST', body: form })).text();
    assert.ok(!page.includes(token), 'the token of the program is not in the page');
    const boot = JSON.parse(/id="boot">(.*?)<\/script>/.exec(page)[1]);
    const own = { token: boot.token };
    assert.equal((await call('GET', '/integrations', own)).status, 200);
    assert.deepEqual((await call('GET', '/connections', own)).body.items, []);
    assert.equal((await call('GET', `/connections/${id}`, own)).status, 404);
    for (const [method, path] of [
      ['GET', `/connections/${id}/token`],
      ['DELETE', `/connections/${id}`],
      ['POST', '/connections'],
      ['GET', '/status'],
      ['GET', '/clients'],
      ['GET', '/events'],
      ['POST', '/connection-requests'],
    ]) {
      assert.equal((await call(method, path, { ...own, body: method === 'POST' ? {} : undefined })).status, 403, path);
    }
    const other = await call('POST', '/connect-sessions', { ...own, body: { appKey: 'github' } });
    assert.equal(other.status, 403, 'another app than the page was opened for');
    const foreign = await call('POST', '/connect-sessions', { body: { appKey: 'membrane-sandbox' } });
    assert.equal((await call('GET', `/connect-sessions/${foreign.body.id}`, own)).status, 404);
  },
  'pages answer to forms, queries and payloads, and say what is wrong': async ({ api, token, connected }) => {
    const { id } = await connected();
    const bootOf = (text) => JSON.parse(/id="boot">(.*?)<\/script>/.exec(text)[1]);
    const get = async (path) => {
      const reply = await fetch(api + path, { redirect: 'manual' });
      return { status: reply.status, location: reply.headers.get('location'), boot: reply.status < 300 ? bootOf(await reply.text()) : null };
    };
    const post = async (path, fields) => {
      const reply = await fetch(api + path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
      return { status: reply.status, location: reply.headers.get('location'), boot: reply.status === 303 ? null : bootOf(await reply.text()) };
    };
    assert.deepEqual((await post('/screens/integrations/github/connect', { token })).boot.view, { at: 'app', key: 'github' });
    assert.deepEqual((await post('/screens/connect', { token, allowMultipleConnections: '' })).boot.view, { at: 'search', intent: '' });
    assert.deepEqual((await post('/screens/connect', { token, intent: 'membrane sandbox', theme: 'dark' })).boot.theme, 'dark');
    assert.deepEqual((await post('/screens/connection', { token, connectionId: id })).boot.view, { at: 'connection', id });
    assert.equal((await post('/screens/connection', { token })).status, 400);
    assert.equal((await post('/screens/connection', { token, connectionId: 'con_other' })).status, 404);
    assert.equal((await post('/screens/connect', { token: 'pat-wrong' })).status, 401);
    assert.deepEqual((await get(`/screens/connections?token=${token}`)).boot.view, { at: 'connections' });
    const oauth = { integrationKey: 'membrane-sandbox', authOptionKey: 'oauth', customState: 'x', unknown: 1 };
    for (const lead of [
      await get(`/connect?token=${token}&${new URLSearchParams(oauth)}`),
      await get(`/connection-popup?token=${token}&integrationId=membrane-sandbox&authOptionKey=oauth`),
      await post('/connect', { payload: JSON.stringify({ token, ...oauth }) }),
      await post('/connection-popup?integrationId=membrane-sandbox', { payload: JSON.stringify({ token, authOptionKey: 'oauth' }) }),
    ]) {
      assert.equal(lead.status, 303);
      const back = new URL(new URL(lead.location).searchParams.get('redirect_uri'));
      assert.equal(back.href, `${api}/oauth-callback`);
    }
    const requestId = 'a-request-of-somebody-else';
    const wrong = await post('/connect', { payload: JSON.stringify({ token, requestId, ...oauth, redirectUri: 'https://evil.example/' }) });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.boot.message.type, 'newConnectionFailure');
    assert.equal(wrong.boot.message.errorData.data.code, 'bad_request');
    assert.equal(wrong.boot.redirect, null, 'nothing leads to a page that is not approved');
    assert.equal((await post('/connect', { payload: 'no JSON' })).status, 400);
    assert.equal((await get('/oauth-callback?code=a&state=b')).status, 400);
    assert.equal((await get('/embed/no-such-file.js')).status, 404);
  },
  'connect in Node rejects and ends nothing': async ({ client }) => {
    await assert.rejects(client().connect({ integrationKey: 'membrane-sandbox' }));
    assert.deepEqual((await client().connections.find()).items, []);
  },
};
