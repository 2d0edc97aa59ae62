// What agents do, told from the outside: each scenario is one test.
import assert from 'node:assert/strict';
import { call, connect } from './clients.mjs';
import { signIn } from './person.mjs';

const { API, TOKEN } = process.env;
const sandbox = { integrationKey: 'membrane-sandbox' };
const accept = async (question) => {
  assert.equal(question.mode, 'url');
  await signIn(question.url);
  return { action: 'accept' };
};

/** Asks the API itself, as a program with a token. */
async function api(method, path, body) {
  const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' };
  const reply = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${await reply.clone().text()}`);
  return reply.json();
}

const scenarios = {
  async official_tools(revision, way) {
    const client = await connect(revision, way);
    const { tools } = await client.listTools();
    const inputs = Object.fromEntries(tools.map((tool) => [tool.name, Object.keys(tool.inputSchema.properties ?? {})]));
    const official = {
      'list-connections': [],
      'create-connection': ['intent', 'name'],
      'ensure-connection': ['appUrl', 'name'],
      'get-connection': ['connectionId', 'wait', 'timeout'],
      'request-connection': ['connectorId', 'integrationId', 'integrationKey', 'connectionId', 'name'],
      'check-connection-result': ['requestId'],
      'search-connectors': ['q', 'limit'],
      connect: ['intent', 'integrationKey', 'connectionId'],
      request: ['connectionId', 'path', 'method'],
      'archive-connection': ['connectionId'],
    };
    for (const [name, fields] of Object.entries(official)) {
      for (const field of fields) assert.ok(inputs[name]?.includes(field), `${name} takes no ${field}`);
    }
    for (const tool of tools) assert.equal(tool.outputSchema?.type, 'object', tool.name);
    assert.equal(tools.find((tool) => tool.name === 'archive-connection').annotations.destructiveHint, true);
    const found = await call(client, 'search-connectors', { q: 'CRM', limit: 3 });
    assert.equal(found.items.length, 3);
    assert.equal(found.items[0].elementType, 'connector');
    await client.close();
  },

  async a_client_that_leads_the_person_connects_in_one_call(revision, way) {
    const client = await connect(revision, way, accept);
    const made = await call(client, 'connect', sandbox);
    assert.equal(made.state, 'READY', JSON.stringify(made));
    assert.equal(made.connected, true);
    const listed = await call(client, 'list-connections');
    assert.deepEqual(listed.items.map((item) => item.id), [made.id]);
    await client.close();
  },

  async a_client_that_cannot_gets_a_link_to_pass_on_and_waits_with_progress(revision, way) {
    const client = await connect(revision, way);
    const begun = await call(client, 'connect', sandbox);
    assert.equal(begun.state, 'CLIENT_ACTION_REQUIRED');
    assert.match(begun.message, /Show the person clientAction\.uiUrl/);
    let told = 0;
    let signed;
    const waited = await call(client, 'get-connection', { connectionId: begun.id, wait: true, timeout: 30 }, (progress) => {
      told += 1;
      assert.equal(progress.total, 30);
      signed ??= signIn(begun.clientAction.uiUrl);
    });
    await signed;
    assert.equal(waited.state, 'READY');
    assert.ok(told >= 1, 'no progress was told');
    await client.close();
  },

  async a_person_who_declines_is_not_connected(revision, way) {
    const client = await connect(revision, way, async () => ({ action: 'decline' }));
    await assert.rejects(call(client, 'connect', sandbox), /the person said no/);
    const listed = await call(client, 'list-connections');
    assert.ok(listed.items.every((item) => !item.connected));
    await client.close();
  },

  async r72_archiving_needs_a_ticked_yes_of_the_person(revision, way) {
    const silent = await connect(revision, way);
    const begun = await call(silent, 'connect', sandbox);
    await signIn(begun.clientAction.uiUrl);
    const made = await call(silent, 'get-connection', { connectionId: begun.id, wait: true });
    assert.equal(made.state, 'READY');
    const archive = { connectionId: made.id };
    await assert.rejects(call(silent, 'archive-connection', archive), /membrane connection archive/);
    await silent.close();
    for (const answer of [
      { action: 'decline' },
      { action: 'cancel' },
      { action: 'accept', content: { confirm: false } },
    ]) {
      const client = await connect(revision, way, async (question) => {
        assert.match(question.message, /^Archive Membrane Sandbox.*credential destroyed\.$/);
        return answer;
      });
      await assert.rejects(call(client, 'archive-connection', archive), /did not confirm/);
      assert.equal((await call(client, 'get-connection', archive)).connected, true);
      await client.close();
    }
    const client = await connect(revision, way, async () => ({ action: 'accept', content: { confirm: true } }));
    const gone = await call(client, 'archive-connection', archive);
    assert.match(gone.message, /^Archived/);
    assert.deepEqual((await call(client, 'list-connections')).items, []);
    await client.close();
  },

  async a_broken_connection_is_repaired_and_stays_the_same(revision, way) {
    const client = await connect(revision, way, accept);
    const made = await call(client, 'connect', sandbox);
    await api('POST', `/connections/${made.id}/refresh-credentials`, {});
    const control = { method: 'POST', headers: { 'x-sandbox-control': '1', 'Content-Type': 'application/json' }, body: '{}' };
    const status = await api('GET', '/status');
    const revoked = await fetch(`${status.sandbox.url}/control/revoke`, control);
    assert.ok(revoked.ok, `${revoked.status}`);
    await fetch(`${API}/connections/${made.id}/refresh-credentials`, { method: 'POST', headers: { Authorization: `Bearer ${TOKEN}` } });
    const broken = await call(client, 'get-connection', { connectionId: made.id });
    assert.equal(broken.disconnected, true);
    assert.match((await call(client, 'list-connections')).message, /1 of 1 need the person/);
    const repaired = await call(client, 'connect', { connectionId: made.id });
    assert.equal(repaired.id, made.id);
    assert.equal(repaired.state, 'READY', JSON.stringify(repaired));
    await client.close();
  },

  async a_request_names_the_client_and_tells_what_came_of_it(revision, way) {
    const client = await connect(revision, way);
    const asked = await call(client, 'request-connection', sandbox);
    assert.equal(asked.status, 'pending');
    assert.match(asked.title, /asks to connect Membrane Sandbox$/);
    if (way === 'stdio') assert.match(asked.title, /^Scenario Client/);
    assert.match(asked.url, /^http:\/\/127\.0\.0\.1:/);
    const again = await call(client, 'check-connection-result', { requestId: asked.requestId });
    assert.equal(again.status, 'pending');
    assert.equal(again.url, undefined, 'only the first answer has the link');
    if (way === 'http') {
      await api('DELETE', `/connection-requests/${asked.requestId}`);
      const over = await call(client, 'check-connection-result', { requestId: asked.requestId });
      assert.equal(over.status, 'cancelled');
    }
    await client.close();
  },

  async r72_no_result_has_a_secret(revision, way) {
    const client = await connect(revision, way, accept);
    const made = await call(client, 'connect', sandbox);
    const { accessToken } = await api('GET', `/connections/${made.id}/token`);
    assert.ok(accessToken.length > 10);
    const results = [
      made,
      await call(client, 'list-connections'),
      await call(client, 'get-connection', { connectionId: made.id }),
      await call(client, 'ensure-connection', { appUrl: 'https://hubspot.com' }).catch(String),
      await call(client, 'search-connectors', { q: 'sandbox' }),
      await call(client, 'request-connection', sandbox),
    ];
    const text = JSON.stringify(results);
    assert.ok(!text.includes(accessToken), 'an access token is in a result');
    assert.ok(!text.includes(TOKEN), "the client's own token is in a result");
    assert.doesNotMatch(text, /"(access_?token|refresh_?token|client_?secret|api_?key)"/i);
    await client.close();
  },

  async an_app_is_called_with_the_connection_and_deleting_asks_first(revision, way) {
    const answers = [];
    const client = await connect(revision, way, async (question) => {
      if (question.mode === 'url') return accept(question);
      answers.push(question.message);
      return { action: 'decline' };
    });
    const made = await call(client, 'connect', sandbox);
    const me = await call(client, 'request', { connectionId: made.id, path: '/me' });
    assert.equal(me.status, 200, JSON.stringify(me));
    assert.match(JSON.stringify(me.output), /Ada Winter/);
    const refused = await call(client, 'request', { connectionId: made.id, path: '/no-such-thing' });
    assert.equal(refused.status, 404);
    await assert.rejects(call(client, 'request', { connectionId: made.id, path: 'https://evil.example/x' }));
    const gone = { connectionId: made.id, path: '/contacts/1', method: 'DELETE' };
    await assert.rejects(call(client, 'request', gone), /did not confirm/);
    assert.match(answers[0], /^Delete \/contacts\/1 in Membrane Sandbox/);
    await client.close();
    const silent = await connect(revision, way);
    await assert.rejects(call(silent, 'request', gone), /membrane request/);
    await silent.close();
  },

  async wrong_calls_say_what_to_do(revision, way) {
    const client = await connect(revision, way);
    await assert.rejects(call(client, 'connect', {}), /give intent, integrationKey or connectionId/);
    await assert.rejects(call(client, 'connect', { intent: 'qqqq zzzz' }), /no_match/i);
    await assert.rejects(call(client, 'get-connection', { connectionId: 'con_nothing' }), /not_found/);
    await assert.rejects(call(client, 'get-connection', { connectionId: 'x', timeout: 61 }));
    await assert.rejects(call(client, 'no-such-tool'), /no tool/);
    await client.close();
  },
};

const [name, revision, way] = process.argv.slice(2);
const scenario = scenarios[name];
assert.ok(scenario, `there is no scenario ${name}`);
process.on('unhandledRejection', (reason) => {
  console.error('an unhandled rejection:', reason);
  process.exit(1);
});
await scenario(revision, way);
process.exit(0);
