// The levers of the tests: change settings, set faults, revoke grants, read the provider's own log.

import { json } from './faults.mjs';

export async function admin(state, provider, path, request, response) {
  const body = request.method === 'POST' ? await read(request) : {};
  switch (`${request.method} ${path}`) {
    case 'GET /admin/log':
      return json(response, 200, state.log);
    case 'GET /admin/live':
      return json(response, 200, { refreshTokens: state.records.live('RefreshToken'), accessTokens: state.records.live('AccessToken') });
    case 'POST /admin/settings':
      Object.assign(state.settings, body);
      state.records.graceSeconds = state.settings.graceSeconds;
      return json(response, 200, state.settings);
    case 'POST /admin/faults':
      state.faults.push({ path: '/token', times: 1, ...body });
      return json(response, 200, state.faults);
    case 'POST /admin/well':
      state.faults.length = 0;
      return json(response, 200, {});
    case 'POST /admin/revoke':
      return json(response, 200, { revoked: state.records.revokeAccount(body.account) });
    default:
      return json(response, 404, { error: 'no such lever' });
  }
}

async function read(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}
