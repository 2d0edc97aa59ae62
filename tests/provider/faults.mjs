// Bad days of a provider, one answer at a time.

const page = '<!doctype html><title>Sign in to the network</title><h1>Welcome to the hotel</h1>';

const modes = {
  html: (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page),
  'html-403': (_, response) => response.writeHead(403, { 'content-type': 'text/html' }).end(page),
  503: (_, response) => json(response, 503, { error: 'temporarily_unavailable' }),
  429: (fault, response) => json(response, 429, { error: 'slow_down' }, { 'retry-after': String(fault.retryAfter ?? 2) }),
  invalid_grant: (_, response) => json(response, 400, { error: 'invalid_grant' }),
  invalid_client: (_, response) => json(response, 401, { error: 'invalid_client' }),
  reset: (_, response) => response.socket.resetAndDestroy(),
};

// Answers in the provider's place when a fault is set for the path; a lost answer lets the provider do its work first.
export function faulty(state, path, request, response) {
  const fault = state.faults.find((one) => one.path === path && one.times > 0);
  if (!fault) return false;
  fault.times -= 1;
  state.log.push({ at: Date.now(), route: path.slice(1), fault: fault.mode });
  if (fault.mode === 'lost') {
    const { socket } = response;
    response.write = () => true;
    response.end = () => { socket.resetAndDestroy(); return response; };
    return false;
  }
  request.resume().once('end', () => modes[fault.mode](fault, response));
  return true;
}

export function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
