// A remote MCP server: a protected resource that names its authorization server (RFC 9728), and takes tokens for itself
// alone. What it says of itself can be bent by the tests.

import { json } from './faults.mjs';

export async function mcp(state, provider, path, request, response) {
  const { settings, origin } = state;
  const resource = `${origin}/mcp`;
  const bent = settings.metadata ?? {};
  if (path === '/.well-known/oauth-protected-resource/mcp') {
    if (bent.redirectResource) return response.writeHead(302, { location: bent.redirectResource }).end();
    if (bent.hugeResource) return response.writeHead(200, { 'content-type': 'application/json' }).end(`{"x":"${'x'.repeat(2 << 20)}"}`);
    return json(response, 200, {
      resource,
      authorization_servers: [origin],
      scopes_supported: ['contacts.read'],
      dpop_bound_access_tokens_required: settings.dpop === true || undefined,
      ...bent.resource,
    });
  }
  const [scheme, value = ''] = (request.headers.authorization ?? '').split(' ', 2);
  const token = value && await provider.AccessToken.find(value);
  const good = token && token.aud === resource && (!settings.dpop || (scheme === 'DPoP' && request.headers.dpop));
  state.log.push({ at: Date.now(), route: 'mcp', status: good ? 200 : 401, scheme, aud: token?.aud, proof: Boolean(request.headers.dpop) });
  if (!good) {
    const where = `Bearer resource_metadata="${bent.pointer ?? `${origin}/.well-known/oauth-protected-resource/mcp`}"`;
    return json(response, 401, { error: 'invalid_token' }, bent.silent ? {} : { 'www-authenticate': `${where}${bent.challenge ?? ''}` });
  }
  return json(response, 200, { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'test', version: '1' } } });
}

// Bends what the authorization server says of itself.
export function bend(state, path, response, metadata) {
  const bent = state.settings.metadata ?? {};
  if (bent.redirectServer) return response.writeHead(302, { location: bent.redirectServer }).end();
  const said = { ...metadata, ...bent.server };
  for (const name of bent.without ?? []) delete said[name];
  return json(response, 200, said);
}
