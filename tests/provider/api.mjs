// A little API behind the provider, so that every kind of credential can be tried.

import { json } from './faults.mjs';

export async function api(state, provider, path, request, response) {
  if (path === '/echo') {
    // Says yes when the named part of the request is what it should be.
    const query = new URL(request.url, state.origin).searchParams;
    const found = query.has('header') ? request.headers[query.get('header')] : query.get(query.get('query') ?? 'path');
    return json(response, found === query.get('value') ? 200 : 401, {});
  }
  if (path !== '/api/whoami') return json(response, 404, { error: 'not found' });
  const who = await caller(state, provider, request.headers.authorization ?? '', request.headers['x-api-key']);
  if (!who) return json(response, 401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
  return json(response, 200, who);
}

async function caller(state, provider, authorization, apiKey) {
  const [scheme, value = ''] = authorization.split(' ', 2);
  if (apiKey !== undefined) return owner(state, apiKey);
  if (scheme === 'Basic') return owner(state, Buffer.from(value, 'base64').toString());
  const token = await provider.AccessToken.find(value);
  if (token?.isValid) return { id: token.accountId, login: token.accountId, kind: 'user', scope: token.scope };
  const machine = await provider.ClientCredentials.find(value);
  if (machine?.isValid) return { id: machine.clientId, login: machine.clientId, kind: 'machine', scope: machine.scope };
  return owner(state, value);
}

function owner(state, key) {
  const login = Object.entries(state.settings.apiKeys).find(([, one]) => one === key)?.[0];
  return login && { id: `key-${login}`, login, kind: 'key' };
}
