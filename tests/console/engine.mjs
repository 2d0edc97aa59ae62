// A real engine in a home of its own, reached as the person's terminal reaches it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const BINARIES = process.env.MEMBRANE_TEST_BIN_DIR ?? join(ROOT, 'target/debug');
const KEY = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

export class Engine {
  #child;
  #environment;

  // `vault`: `key` for one that is open at once, `none` for a computer without a keychain.
  static async start({ vault = 'key', welcomed = true } = {}) {
    const engine = new Engine();
    engine.home = mkdtempSync(join(tmpdir(), 'membrane-console-'));
    engine.#environment = { PATH: process.env.PATH, HOME: engine.home, MEMBRANE_HOME: engine.home, LANG: 'C.UTF-8' };
    if (vault === 'key') engine.key(KEY);
    await engine.serve();
    if (welcomed) await engine.call('PATCH', '/settings', { welcomed: true });
    return engine;
  }

  // Gives the vault a key from outside.
  key(text) {
    const file = join(this.home, 'key');
    writeFileSync(file, text, { mode: 0o600 });
    this.#environment.MEMBRANE_VAULT_KEY_FILE = file;
  }

  async serve() {
    const child = spawn(join(BINARIES, 'membrane'), ['serve', '--json'], { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (data) => (said += data));
    await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => { throw new Error(`the engine ended: ${said}`); }),
    ]);
    // The sandbox is there a moment after the engine says that it listens.
    await until('the sandbox', async () => {
      const { sandbox, vault } = await this.call('GET', '/status');
      this.sandbox = sandbox?.url;
      return sandbox && vault.state !== undefined;
    });
  }

  // Ends the process; the home stays.
  async halt(signal = 'SIGTERM') {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }

  async stop() {
    await this.halt();
    rmSync(this.home, { recursive: true, force: true });
  }

  // One request over the socket; anything but success is an error.
  async call(method, path, body) {
    const { status, json } = await this.ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  }

  ask(method, path, body) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((done, fail) => {
      const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const call = request({ socketPath: join(this.home, 'run/api.sock'), method, path, headers }, (response) => {
        let answer = '';
        response.setEncoding('utf8').on('data', (part) => (answer += part)).on('end', () => {
          done({ status: response.statusCode, json: answer === '' ? null : JSON.parse(answer) });
        });
      });
      call.on('error', fail);
      call.end(text);
    });
  }

  async consoleUrl() {
    return (await this.call('POST', '/console/code')).url;
  }

  // Plays at the sandbox: `revoke`, `expire`, `outage`, `recover`.
  async play(what, body = {}) {
    const reply = await fetch(`${this.sandbox}/control/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sandbox-control': '1' },
      body: JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`sandbox ${what}: ${reply.status}`);
  }

  // Adds an app of the person's own: the sandbox under another name, so that lists have faces.
  // `edit` changes its file further.
  async addApp(key, name, description, categories, capability, edit = (text) => text) {
    const text = edit(sandboxAs(key, name, description, categories, capability));
    await this.call('POST', '/apps', { name: `${key}.toml`, text });
  }

  start(appKey, authMethod = 'oauth', more = {}) {
    return this.call('POST', '/connect-sessions', { appKey, authMethod, open: false, ...more });
  }

  // Connects by user name and password: no browser is needed.
  async connect(appKey, person = 'ada', name = undefined) {
    const session = await this.start(appKey, 'basic', name ? { name } : {});
    const values = { username: person, password: 'sandbox' };
    return this.ended(await this.call('POST', `/connect-sessions/${session.id}/credentials`, { values }));
  }

  // Signs in as a browser does, and returns the connection's id.
  async signIn(appKey, person = 'ada', more = {}) {
    const session = await this.start(appKey, 'oauth', more);
    await this.answer(session.authorizationUrl, person);
    return this.ended(session);
  }

  // Goes to the sandbox's page and says yes or no; follows the way back.
  async answer(url, person = 'ada', answer = 'allow') {
    const page = await (await fetch(url)).text();
    const ticket = /name="ticket" value="([^"]+)"/.exec(page)[1];
    const reply = await fetch(new URL('/authorize', url), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ticket, person, answer }),
      redirect: 'manual',
    });
    await fetch(reply.headers.get('location'));
  }

  // Comes back from a provider that refuses, as its page would send the browser.
  async refuse(url, said) {
    const asked = new URL(url).searchParams;
    const back = new URL(asked.get('redirect_uri'));
    back.search = new URLSearchParams({ ...said, state: asked.get('state'), iss: new URL(url).origin });
    await fetch(back);
  }

  async ended(session) {
    let found;
    await until('the end of the attempt', async () => {
      found = await this.call('GET', `/connect-sessions/${session.id}`);
      return ['done', 'failed', 'cancelled', 'expired'].includes(found.state);
    });
    if (found.state !== 'done') throw new Error(`the attempt ended: ${JSON.stringify(found)}`);
    return found.connectionId;
  }

  // Asks the app whether the connection works; a revoked one is lost by that.
  async test(id) {
    return this.ask('POST', `/connections/${id}/test`);
  }
}

/** Starts the stand-in of a provider that describes itself; see `tests/provider/server.mjs` for its settings. */
export async function startProvider(settings = {}) {
  const child = spawn('node', ['server.mjs'], {
    cwd: join(ROOT, 'tests/provider'),
    env: { ...process.env, PROVIDER: JSON.stringify(settings) },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [hello] = await once(child.stdout, 'data');
  return { origin: JSON.parse(hello).origin, stop: () => child.kill() };
}

export async function until(what, holds, patience = 20_000) {
  const end = Date.now() + patience;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

let template;
function sandboxAs(key, name, description, categories, capability) {
  template ??= readFileSync(join(ROOT, 'crates/catalog/apps/membrane-sandbox.toml'), 'utf8');
  return template
    .replace(/^key = "membrane-sandbox"$/m, `key = "${key}"`)
    .replace(/^name = .*$/m, `name = "${name}"`)
    .replace(/^aliases = .*$/m, 'aliases = []')
    .replace(/^description = .*$/m, `description = "${description}"`)
    .replace(/^capabilities = .*$/m, `capabilities = ["${capability}"]`)
    .replace(/^categories = .*$/m, `categories = ${JSON.stringify(categories)}`)
    .replaceAll('Sign in with Membrane Sandbox', `Sign in with ${name}`);
}
