// The catalogue, the tenant, and how failures look, through the official client in Node.
import assert from 'node:assert/strict';
import { MembraneClient } from '@membranehq/sdk';

export default {
  'integrations find and findAll list the catalogue': async ({ client, api }) => {
    const page = await client().integrations.find({ limit: 5 });
    assert.equal(page.items.length, 5);
    assert.equal(page.cursor, '5');
    const [item] = page.items;
    assert.equal(item.id, item.key);
    assert.ok(item.logoUri.startsWith(api));
    const all = await client().integrations.findAll();
    assert.ok(all.length > 20);
    assert.equal(new Set(all.map((one) => one.key)).size, all.length);
    const found = await client().integrations.find({ search: 'github', connectors: 1, externalApps: 1, websearch: 0 });
    assert.deepEqual(found.items.map((one) => one.key), ['github']);
  },
  'integration get shows ways to connect and the connection there is': async ({ client, connected }) => {
    const before = await client().integration('membrane-sandbox').get();
    assert.equal(before.id, 'membrane-sandbox');
    assert.equal(before.connection, undefined);
    assert.ok(before.authOptions.some((option) => option.type === 'oauth2'));
    const { id } = await connected();
    assert.equal((await client().integration('membrane-sandbox').get()).connection.id, id);
    await assert.rejects(client().integration('no-such-app').get(), (error) => error.data.key === 'not_found');
  },
  'connector-spec has the forms as schemas': async ({ client, call }) => {
    const accessor = client().integration('membrane-sandbox');
    const spec = accessor.getConnectorSpec ? await accessor.getConnectorSpec() : (await call('GET', '/integrations/membrane-sandbox/connector-spec')).body;
    assert.equal(spec.key, 'membrane-sandbox');
    assert.ok(spec.auth.options['api-key'].inputSchema.properties.key.isSensitive);
    assert.equal(spec.auth.type, 'oauth2');
  },
  'logos are served': async ({ client }) => {
    const { logoUri } = await client().integration('github').get();
    const logo = await fetch(logoUri);
    assert.equal(logo.status, 200);
    assert.equal(logo.headers.get('content-type'), 'image/svg+xml');
  },
  'connectors and external apps are the same apps': async ({ call }) => {
    for (const path of ['/connectors', '/external-apps']) {
      const { body } = await call('GET', `${path}?search=notion&limit=10`);
      assert.deepEqual(body.items.map((item) => item.key), ['notion'], path);
      assert.equal((await call('GET', `${path}/notion`)).body.name, 'Notion');
    }
  },
  'search finds connectors by words': async ({ call }) => {
    const { body } = await call('GET', '/search?q=crm&elementType=connector&limit=3');
    assert.equal(body.items.length, 3);
    assert.equal(body.items[0].elementType, 'connector');
    assert.ok(body.items[0].element.id);
    assert.deepEqual((await call('GET', '/search?q=crm&elementType=action')).body.items, []);
    const wrong = await call('GET', '/search?q=crm&limit=101');
    assert.equal(wrong.status, 400);
    assert.match(wrong.body.message, /limit/);
  },
  'connection-options is a bare array': async ({ call }) => {
    assert.deepEqual((await call('POST', '/connection-options', { body: {} })).body, []);
    const { body } = await call('POST', '/connection-options', { body: { integrationKey: 'membrane-sandbox' } });
    assert.ok(Array.isArray(body));
    const basic = body.find((option) => option.key === 'basic');
    assert.equal(basic.type, 'client-credentials');
    assert.deepEqual(basic.inputSchema.required, ['username', 'password']);
    const same = await call('POST', '/connectors/membrane-sandbox/generate-options', { body: { connectorParameters: {} } });
    assert.deepEqual(same.body, body);
  },
  'self is the tenant, and its credentials are taken without complaint': async ({ client, call }) => {
    const self = await client().self.get();
    assert.equal(self.id, 'default');
    assert.equal(typeof self.name, 'string');
    assert.equal(typeof self.internalId, 'string');
    const patched = await call('PATCH', '/self', { body: { credentials: { token: 'x' } } });
    assert.equal(patched.status, 200);
    assert.equal(patched.body.credentials, undefined);
  },
  'failures are typed errors': async ({ client, call }) => {
    await assert.rejects(client().connection('nope').get(), (error) => {
      assert.equal(error.isMembraneError, true);
      assert.equal(error.constructor.name, 'BadRequestError');
      assert.equal(error.data.key, 'not_found');
      return true;
    });
    const made = await client().connections.create({ integrationKey: 'membrane-sandbox', authOptionKey: 'basic' });
    const early = await call('GET', `/connections/${made.id}/token`);
    assert.equal(early.body.type, 'connection');
    assert.equal(early.body.data.code, 'not_connected_yet');
    await assert.rejects(new MembraneClient({ token: 'pat-wrong', apiUri: client().apiUri }).connections.find(), (error) => {
      assert.equal(error.data.key, 'not_authenticated');
      return true;
    });
  },
  'the version is in every answer': async ({ call }) => {
    for (const version of ['2025-10-21', 'legacy', '2099-01-01']) {
      const reply = await call('GET', '/self', { headers: { 'membrane-api-version': version } });
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get('membrane-api-version'), '2025-10-21');
    }
  },
  'the description of the API is served': async ({ call, api }) => {
    const { status, body } = await call('GET', '/openapi.json', { token: null });
    assert.equal(status, 200);
    assert.match(body.openapi, /^3\.1/);
    assert.ok(body.paths['/connections/{id}'].get);
    const page = await fetch(`${api}/docs`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
  },
};
