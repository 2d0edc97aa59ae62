// A provider with every peculiarity at once: commas between scopes, JSON bodies, tokens in a nest, a tenant in the way
// back and a host of one's own in the reply; a login that trades a key for a session; accounts with several sites.

import { createHash, randomUUID } from 'node:crypto';
import { json } from './faults.mjs';

const digest = (text) => createHash('sha256').update(text).digest('base64url');

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

function parse(request, text) {
  const isJson = (request.headers['content-type'] ?? '').startsWith('application/json');
  return isJson ? JSON.parse(text || '{}') : Object.fromEntries(new URLSearchParams(text));
}

function basic(request) {
  const [scheme, value = ''] = (request.headers.authorization ?? '').split(' ', 2);
  return scheme === 'Basic' ? Buffer.from(value, 'base64').toString().split(':') : [];
}

export async function quirks(state, path, request, response) {
  const quirk = (state.quirk ??= { codes: new Map(), tokens: new Map(), sessions: new Map(), turn: 0 });
  const url = new URL(request.url, state.origin);
  const text = request.method === 'POST' ? await body(request) : '';
  const sent = parse(request, text);
  const log = (route, more) => state.log.push({ at: Date.now(), route, ...more });
  const bearer = (request.headers.authorization ?? '').replace(/^(Bearer|Session) /, '');

  switch (path) {
    case '/quirks/authorize': {
      // Agrees at once, as whoever the test says.
      const query = Object.fromEntries(url.searchParams);
      log('quirk-authorize', { query });
      const code = randomUUID();
      quirk.codes.set(code, { ...query, account: state.settings.account ?? 'ada' });
      const back = new URL(query.redirect_uri);
      back.searchParams.set('code', code);
      back.searchParams.set('state', query.state);
      back.searchParams.set('realmId', state.settings.realm ?? '77');
      return response.writeHead(302, { location: back.href }).end();
    }
    case '/quirks/token': {
      const [id, secret] = basic(request);
      const client = { id: id ?? sent.client_id, secret: secret ?? sent.client_secret, how: id ? 'basic' : 'post' };
      log('quirk-token', { sent: Object.keys(sent), grant: sent.grant_type, flavour: sent.flavour, how: client.how,
        media: request.headers['content-type'], header: request.headers['x-quirk'] });
      if (client.id !== 'quirky' || client.secret !== 'quirky-secret') return json(response, 401, { error: 'invalid_client' });
      let account;
      if (sent.grant_type === 'authorization_code') {
        const asked = quirk.codes.get(sent.code);
        quirk.codes.delete(sent.code);
        const proven = asked && digest(sent.code_verifier ?? '') === asked.code_challenge && asked.redirect_uri === sent.redirect_uri;
        if (!proven) return json(response, 400, { error: 'invalid_grant' });
        account = asked.account;
      } else {
        account = quirk.tokens.get(sent.refresh_token);
        quirk.tokens.delete(sent.refresh_token);
        if (!account) return json(response, 400, { error: 'invalid_grant' });
      }
      quirk.turn += 1;
      const access = randomUUID();
      const refresh = randomUUID();
      quirk.tokens.set(access, account).set(refresh, account);
      const nest = { access_token: access, refresh_token: refresh, expires_in: state.settings.accessTtl, id: account };
      return json(response, 200, { ok: true, authed_user: { ...nest, instance: state.origin, host: `host-${quirk.turn}` } });
    }
    case '/quirks/login': {
      const [user, key] = basic(request);
      const login = { user: sent.user ?? user, key: sent.secret ?? key };
      log('quirk-login', { user: login.user });
      if (!login.key || state.settings.apiKeys[login.user] !== login.key) return json(response, 403, { error: 'no' });
      const session = randomUUID();
      quirk.sessions.set(session, { login: login.user, until: Date.now() + state.settings.accessTtl * 1000 });
      return json(response, 200, { session: { token: session, seconds: state.settings.accessTtl }, area: 'north' });
    }
    case '/quirks/north/me': {
      const session = quirk.sessions.get(request.headers['x-session']);
      if (!session || session.until < Date.now()) return json(response, 401, { error: 'ended' });
      return json(response, 200, { id: session.login, login: session.login });
    }
    case '/quirks/sites':
      if (!quirk.tokens.has(bearer)) return json(response, 401, {});
      return json(response, 200, { list: state.settings.sites ?? [] });
    case '/quirks/forget-sessions':
      quirk.sessions.clear();
      return json(response, 200, {});
    default: {
      // …/host-N/realm/R/me and …/site/S/me
      const host = path.match(/^\/quirks\/host-\d+\/realm\/([^/]+)\/me$/);
      const site = path.match(/^\/quirks\/site\/([^/]+)\/me$/);
      const account = quirk.tokens.get(bearer);
      if (!host && !site) return json(response, 404, {});
      if (!account) return json(response, 401, {});
      if (site && request.headers['x-site'] !== site[1]) return json(response, 400, { error: 'no X-Site' });
      return json(response, 200, { data: { id: account, mail: `${account}@example.test`, realm: host?.[1], site: site?.[1] } });
    }
  }
}
