// The engines that states are reached in: each is what a person's computer may be like, made by doing.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { Engine, until } from './engine.mjs';

const APPS = [
  ['github', 'GitHub', 'Code, issues and pull requests.', ['developer-tools'], 'host-code'],
  ['notion', 'Notion', 'Notes, docs and databases.', ['productivity'], 'take-notes'],
  ['slack', 'Slack', 'Messages with your team.', ['communication'], 'send-chat-messages'],
  ['google-calendar', 'Google Calendar', 'Events and invitations.', ['calendar'], 'manage-calendar'],
  ['stripe', 'Stripe', 'Payments and invoices.', ['payments'], 'take-payments'],
  ['linear', 'Linear', 'Issues and projects.', ['project-management'], 'track-bugs'],
  ['hubspot', 'HubSpot', 'Contacts, companies and deals.', ['crm'], 'manage-deals'],
  ['dropbox', 'Dropbox', 'Files and folders.', ['storage'], 'store-files'],
  ['jira', 'Jira', 'Issues, boards and sprints.', ['project-management'], 'track-bugs'],
];

async function addApps(engine, some = APPS) {
  for (const app of some) await engine.addApp(...app);
}

/** A way to the sandbox that can be cut, as a network can. */
async function cable(engine) {
  const { hostname, port, host } = new URL(engine.sandbox);
  const server = createServer((asked, answer) => {
    const { method, url: path, headers } = asked;
    const far = request({ hostname, port, method, path, headers: { ...headers, host } }, (reply) => {
      answer.writeHead(reply.statusCode, reply.headers);
      reply.pipe(answer);
    });
    asked.pipe(far);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, cut };
}

/** Who has the ports in a crowded world; they are free again when the process ends. */
const crowd = [];

async function lost(engine, id) {
  await engine.test(id);
  await until('the loss', async () => (await engine.call('GET', `/connections/${id}`)).disconnected);
}

export const worlds = {
  /** Nothing connected, first steps not gone through. */
  fresh: () => Engine.start({ welcomed: false }),

  /** Nothing connected. */
  empty: () => Engine.start(),

  /** No keychain on this computer. */
  bare: () => Engine.start({ vault: 'none', welcomed: false }),

  /** One connection, the sandbox's. */
  one: async () => {
    const engine = await Engine.start();
    engine.first = await engine.signIn('membrane-sandbox');
    return engine;
  },

  /** A computer in use: several apps, two accounts of one, losses, a pause, an outage, programs with tokens. */
  full: async () => {
    const engine = await Engine.start();
    await addApps(engine);
    const ids = {};
    // Somebody signed out at Slack and Notion; everything that is connected later is not touched.
    ids.slack = await engine.signIn('slack');
    ids.notion = await engine.signIn('notion');
    await engine.play('revoke');
    await lost(engine, ids.slack);
    await lost(engine, ids.notion);
    ids.dropbox = await engine.signIn('dropbox');
    ids.github = await engine.signIn('github', 'ada', { scopes: ['crm.write'] });
    ids.work = await engine.signIn('github', 'ben', { name: 'Work' });
    ids.calendar = await engine.signIn('google-calendar');
    ids.stripe = await engine.connect('stripe');
    ids.linear = await engine.signIn('linear');
    ids.hubspot = await engine.signIn('hubspot', 'ben');
    await engine.call('POST', `/connections/${ids.linear}/pause`, {});
    const claude = await engine.call('POST', '/clients', { name: 'Claude' });
    await engine.call('POST', '/clients', { name: 'Nightly backup', mayGetTokens: false });
    const { apiUri } = await engine.call('GET', '/status');
    for (const id of [ids.github, ids.github, ids.github, ids.calendar]) {
      await fetch(`${apiUri}/connections/${id}/token`, { headers: { authorization: `Bearer ${claude.token}` } });
    }
    await engine.call('GET', `/connections/${ids.stripe}/token`);
    // Dropbox has been silent for long enough to be shown; the others were not asked meanwhile.
    await engine.play('outage', { minutes: 5 });
    await engine.ask('POST', `/connections/${ids.dropbox}/refresh-credentials`);
    await until('the outage to show', async () => {
      const found = await engine.call('GET', `/connections/${ids.dropbox}`);
      return found.health.status === 'retrying';
    }, 60_000);
    engine.ids = ids;
    return engine;
  },

  /** The network is gone: nothing can be renewed. */
  offline: async () => {
    const engine = await Engine.start();
    const { origin, cut } = await cable(engine);
    const apps = APPS.slice(0, 4);
    const throughCable = (text) => text.replaceAll('token_url = "{sandbox}', `token_url = "${origin}`);
    for (const app of apps) await engine.addApp(...app, throughCable);
    const ids = [];
    for (const [key] of apps) ids.push(await engine.signIn(key));
    cut();
    for (const id of ids) await engine.ask('POST', `/connections/${id}/refresh-credentials`);
    await until('the outage to show', async () => {
      const { items } = await engine.call('GET', '/connections');
      return items.every((one) => one.health.status === 'retrying');
    }, 60_000);
    engine.first = ids[0];
    return engine;
  },

  /** Everything paused for an hour. */
  resting: async () => {
    const engine = await Engine.start();
    await addApps(engine, APPS.slice(0, 4));
    for (const [key] of APPS.slice(0, 4)) await engine.signIn(key);
    await engine.call('POST', '/pause', { minutes: 60 });
    return engine;
  },

  /** For connecting: the sandbox, apps around it, and one connection to repair. */
  connecting: async () => {
    const engine = await Engine.start();
    await addApps(engine, APPS.slice(0, 3));
    engine.repair = await engine.signIn('slack');
    await engine.play('revoke');
    await lost(engine, engine.repair);
    engine.works = await engine.signIn('notion');
    return engine;
  },

  /** A program with customers of its own: their connections beside the person's. */
  tenants: async () => {
    const engine = await Engine.start();
    await addApps(engine, APPS.slice(0, 2));
    await engine.signIn('github');
    const { workspaceKey, workspaceSecret } = await engine.call('POST', '/clients', { name: 'Acme', workspace: true });
    const { apiUri } = await engine.call('GET', '/status');
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const [id, name] of [['customer-1', 'Initech'], ['customer-2', 'Umbrella']]) {
      const claims = { workspaceKey, id, name, iss: workspaceKey, exp: Math.floor(Date.now() / 1000) + 3600 };
      const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
      const token = `${signed}.${createHmac('sha256', workspaceSecret).update(signed).digest('base64url')}`;
      const reply = await fetch(`${apiUri}/connections`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ integrationKey: 'notion', authOptionKey: 'basic', input: { username: 'ben', password: 'sandbox' } }),
      });
      if (!reply.ok) throw new Error(`${name}: ${reply.status} ${await reply.text()}`);
    }
    return engine;
  },

  /** Other programs have the ports that redirects are registered with. */
  crowded: async () => {
    const takes = [4780, 4781, 4782].map((port) => new Promise((done) => {
      const server = createServer().on('error', done).on('listening', done).listen(port, '127.0.0.1');
      server.unref();
      crowd.push(server);
    }));
    await Promise.all(takes);
    const engine = await Engine.start();
    const fixed = (text) => text.replace('loopback = "any-port", custom_scheme = true', 'loopback = "fixed"');
    await engine.addApp(...APPS[0], fixed);
    return engine;
  },

  /** Webhooks in every state: one that takes, one that fails, one that says it is gone, one that was turned off. */
  hooked: async () => {
    const engine = await Engine.start();
    const answers = { '/takes': 204, '/fails': 503, '/gone': 410, '/off': 204 };
    const receiver = createServer((asked, answer) => {
      asked.resume().on('end', () => answer.writeHead(answers[asked.url] ?? 404).end());
    });
    receiver.listen(0, '127.0.0.1');
    receiver.unref();
    await once(receiver, 'listening');
    const origin = `http://127.0.0.1:${receiver.address().port}`;
    const make = async (path, more = {}) => (await engine.call('POST', '/webhooks', { url: `${origin}${path}`, allowLocal: true, ...more })).id;
    engine.hooks = {
      works: await make('/takes'),
      fails: await make('/fails', { events: ['connection.created', 'connection.disconnected'] }),
      gone: await make('/gone'),
      off: await make('/off'),
    };
    await engine.call('PATCH', `/webhooks/${engine.hooks.off}`, { enabled: false });
    await addApps(engine, APPS.slice(0, 2));
    await engine.signIn('github');
    await engine.signIn('notion');
    await engine.call('POST', `/webhooks/${engine.hooks.works}/test`, {});
    const webhook = (id) => engine.call('GET', `/webhooks/${id}`);
    await until('the deliveries', async () => (await webhook(engine.hooks.works)).waiting === 0);
    await until('the failure', async () => (await webhook(engine.hooks.fails)).failingSince !== undefined);
    await until('the receiver to be gone', async () => !(await webhook(engine.hooks.gone)).enabled);
    return engine;
  },

  /** A vault behind a passphrase, locked. */
  locked: async () => {
    const engine = await Engine.start({ vault: 'none' });
    await engine.call('POST', '/vault/init', { passphrase: 'correct horse battery' });
    await engine.connect('membrane-sandbox');
    await engine.call('POST', '/vault/lock', {});
    return engine;
  },

  /** The vault's key was replaced by another. */
  keyLost: async () => {
    const engine = await Engine.start();
    await engine.connect('membrane-sandbox');
    await engine.halt();
    engine.key('YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE=');
    await engine.serve();
    await until('the loss of the key', async () => (await engine.call('GET', '/status')).vault.state !== 'locked');
    return engine;
  },
};
