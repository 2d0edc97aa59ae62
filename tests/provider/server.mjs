// An independent OAuth 2.0 provider (npm oidc-provider) with rotation and reuse detection, a little API behind it, and
// levers for the tests. Its settings come as JSON in PROVIDER; it prints its address as one JSON line and ends when stdin closes.

import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { admin } from './admin.mjs';
import { Records } from './adapter.mjs';
import { api } from './api.mjs';
import { faulty } from './faults.mjs';
import { bend, mcp } from './mcp.mjs';
import { quirks } from './quirks.mjs';
import { clients, configuration } from './configuration.mjs';

const settings = {
  port: 0,
  accessTtl: 3600,
  refreshTtl: 14 * 24 * 3600,
  deviceTtl: 600,
  graceSeconds: 0,
  refreshTokens: true,
  appKeys: [],
  apiKeys: {},
  dpop: false,
  par: false,
  ...JSON.parse(process.env.PROVIDER ?? '{}'),
};

const server = createServer();
await new Promise((resolve, reject) => server.once('error', reject).listen(settings.port, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const state = { origin, settings, faults: [], log: [], records: new Records(settings.graceSeconds) };
const provider = new Provider(origin, { ...configuration(state), clients: clients(settings.appKeys) });

provider.use(async (ctx, next) => {
  await next();
  const params = ctx.oidc?.params ?? {};
  const route = ctx.oidc?.route;
  if (!['token', 'authorization', 'revocation', 'device_authorization', 'userinfo', 'registration', 'pushed_authorization_request'].includes(route)) return;
  state.log.push({
    at: Date.now(),
    route,
    client: ctx.oidc.client?.clientId,
    grant: params.grant_type,
    challengeMethod: params.code_challenge_method,
    redirectUri: params.redirect_uri,
    resource: params.resource,
    proof: Boolean(ctx.get('dpop')),
    pushed: Boolean(ctx.query?.request_uri),
    registered: route === 'registration' ? ctx.oidc.body : undefined,
    scope: params.scope,
    status: ctx.status,
    error: ctx.body?.error,
    detail: ctx.state.detail,
  });
});
for (const event of ['grant.error', 'authorization.error', 'revocation.error']) {
  provider.on(event, (ctx, error) => { ctx.state.detail = error.error_detail; });
}

const callback = provider.callback();
server.on('request', async (request, response) => {
  try {
    const path = new URL(request.url, origin).pathname;
    if (path.startsWith('/admin/')) await admin(state, provider, path, request, response);
    else if (faulty(state, path, request, response)) return;
    else if (path.startsWith('/quirks/')) await quirks(state, path, request, response);
    else if (path === '/mcp' || path === '/.well-known/oauth-protected-resource/mcp') await mcp(state, provider, path, request, response);
    else if (['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'].includes(path) && state.settings.metadata && !request.headers['x-inner']) {
      const plain = await fetch(`${origin}${path}`, { headers: { 'x-inner': '1' } });
      bend(state, path, response, await plain.json());
    } else if (path.startsWith('/api/') || path === '/echo') await api(state, provider, path, request, response);
    else callback(request, response);
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    response.destroy();
  }
});

process.stdin.resume().on('end', () => process.exit(0)).on('error', () => process.exit(0));
process.stdout.write(`${JSON.stringify({ origin })}\n`);
