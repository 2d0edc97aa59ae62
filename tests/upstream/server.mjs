// An app's API for the tests of the proxy, in Node so that another HTTP stack than ours is at the other end. It says what
// came, streams as much as it is asked for, and fails as it is told. Prints its address as one JSON line; ends with stdin.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const seen = [];
const turns = new Map();

/** Counts how often a name was asked for. */
function turn(name) {
  turns.set(name, (turns.get(name) ?? 0) + 1);
  return turns.get(name);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://upstream');
  const answer = (status, body, headers = {}) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
    response.end(text);
  };
  const [, route, ...rest] = url.pathname.split('/');
  if (route === 'seen') return answer(200, seen);
  seen.push({ method: request.method, url: request.url });
  const hash = createHash('sha256');
  let size = 0;
  request.on('data', (chunk) => { size += chunk.length; hash.update(chunk); });
  request.on('end', () => {
    const said = { method: request.method, url: request.url, headers: request.headers, rawHeaders: request.rawHeaders, size, sha256: hash.digest('hex') };
    if (route === 'api') return api(rest, url, said, response, answer);
    answer(404, { error: 'not found' });
  });
});

function api([route, ...rest], url, said, response, answer) {
  switch (route) {
    case 'echo': return answer(200, said, { 'set-cookie': 'a=b', 'access-control-allow-origin': 'https://evil.example', 'x-app': 'yes', etag: '"1"' });
    case 'status': return answer(Number(rest[0]), { status: Number(rest[0]) });
    case 'redirect': return answer(302, said, { location: url.searchParams.get('to') });
    case 'html': {
      response.writeHead(200, { 'content-type': 'text/html' });
      return response.end('<script>alert(1)</script>');
    }
    case 'stream': return stream(Number(rest[0]), url.searchParams.has('length'), response);
    // 401 until the token differs from the first that was shown under this name.
    case 'picky': {
      const first = firsts.get(rest[0]) ?? said.headers.authorization;
      firsts.set(rest[0], first);
      const n = turn(`picky ${rest[0]}`);
      return said.headers.authorization === first ? answer(401, { error: 'invalid_token' }) : answer(200, { ...said, n });
    }
    // Asks for a pause the first time.
    case 'busy': {
      const n = turn(`busy ${rest[0]}`);
      if (n === 1) return answer(429, { n }, { 'retry-after': url.searchParams.get('after') ?? '1' });
      return answer(200, { ...said, n });
    }
    case 'broken': {
      response.writeHead(200, { 'content-length': '100' });
      return response.write('short', () => response.socket.end());
    }
    case 'me': {
      const good = ['Bearer good', 'good'].includes(said.headers.authorization ?? said.headers['x-api-key'] ?? '');
      return good && !turns.has('withdrawn') ? answer(200, { id: 1, name: 'ada' }) : answer(401, { error: 'invalid_key' });
    }
    case 'withdraw': turn('withdrawn'); return answer(200, {});
    default: return answer(404, { error: 'not found', url: said.url });
  }
}
const firsts = new Map();

/** Sends so many bytes as fast as they are taken. */
function stream(bytes, withLength, response) {
  const chunk = Buffer.alloc(64 * 1024, 'm');
  response.writeHead(200, { 'content-type': 'application/octet-stream', ...(withLength && { 'content-length': bytes }) });
  let left = bytes;
  const more = () => {
    while (left > 0) {
      const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
      left -= piece.length;
      if (!response.write(piece)) return response.once('drain', more);
    }
    response.end();
  };
  more();
}

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ origin: `http://127.0.0.1:${server.address().port}` })}\n`);
});
process.stdin.resume().on('end', () => process.exit(0)).on('error', () => process.exit(0));
