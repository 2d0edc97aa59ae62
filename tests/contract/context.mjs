// What every scenario has: the engine's address, tokens, official clients, and a sandbox connection in one call.
import { MembraneClient } from '@membranehq/sdk';

export function contextOf(env) {
  const api = env.API;
  const client = (options = {}) => new MembraneClient({ token: env.TOKEN, apiUri: api, ...options });
  const call = async (method, path, { body, headers = {}, token = env.TOKEN } = {}) => {
    const reply = await fetch(api + path, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  };
  /** Connects the sandbox with a name and a password, which takes no browser. */
  const connected = (extra = {}, to = client()) =>
    to.connections.create({
      integrationKey: 'membrane-sandbox',
      authOptionKey: 'basic',
      input: { username: 'ada', password: 'sandbox' },
      ...extra,
    });
  return {
    api,
    token: env.TOKEN,
    noTokens: env.NO_TOKENS,
    workspace: { workspaceKey: env.WORKSPACE_KEY, workspaceSecret: env.WORKSPACE_SECRET },
    client,
    call,
    connected,
  };
}
