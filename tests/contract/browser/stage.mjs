// A real Chromium with somebody's page in it: the official client on http://localhost, the engine on http://127.0.0.1.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const packages = new URL('../node_modules/', import.meta.url);
const files = {
  '/sdk.js': '@membranehq/sdk/dist/bundle.js',
  '/legacy.js': '@integration-app/sdk/dist/bundle.js',
};

/** Makes a request as the person: over the engine's own socket. */
export function asPerson(method, path, body) {
  return new Promise((done, fail) => {
    const request = http.request(
      { socketPath: process.env.SOCKET, method, path, headers: { 'content-type': 'application/json' } },
      (reply) => {
        let text = '';
        reply.on('data', (chunk) => (text += chunk));
        reply.on('end', () => done({ status: reply.statusCode, body: text ? JSON.parse(text) : null }));
      },
    );
    request.on('error', fail);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function serve() {
  const server = http.createServer((request, reply) => {
    const path = request.url.split('?')[0];
    const send = (kind, text) => reply.writeHead(200, { 'content-type': kind }).end(text);
    if (files[path]) {
      readFile(new URL(files[path], packages)).then((text) => send('text/javascript', text));
    } else if (path === '/react.js') {
      build({
        entryPoints: [new URL('./react-page.jsx', import.meta.url).pathname],
        bundle: true,
        write: false,
        format: 'iife',
        jsx: 'automatic',
        define: { 'process.env.NODE_ENV': '"production"' },
        loader: { '.css': 'empty' },
      }).then(({ outputFiles }) => send('text/javascript', outputFiles[0].text));
    } else if (path === '/favicon.ico') {
      reply.writeHead(204).end();
    } else {
      const script = path === '/react' ? 'react.js' : path === '/legacy' ? 'legacy.js' : 'sdk.js';
      send('text/html', `<!doctype html><html lang="en"><title>Somebody's app</title><button id="go">Go</button><div id="app"></div><script src="/${script}"></script>`);
    }
  });
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  return `http://localhost:${server.address().port}`;
}

/** Opens somebody's page; their origin is approved unless told. */
export async function stage({ approve = true, path = '/', viewport } = {}) {
  const origin = await serve();
  if (approve) await asPerson('POST', '/origins', { origin });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-features=LocalNetworkAccessChecks'],
  });
  const context = await browser.newContext({ viewport: viewport ?? { width: 1000, height: 760 }, reducedMotion: 'reduce' });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  await page.goto(origin + path);
  return { origin, browser, context, page };
}

/** Runs a call of the client by a click, as a person would cause it, and returns how it ends. */
export async function started(page, source, argument) {
  await page.evaluate(
    ([source, argument]) => {
      window.outcome = new Promise((settled) => {
        document.getElementById('go').onclick = () => {
          const run = new Function('argument', `return (async () => { ${source} })()`);
          run(argument).then(
            (value) => settled({ value }),
            (error) => settled({ error: { message: error.message ?? String(error), data: error.data, member: error.isMembraneError } }),
          );
        };
      });
    },
    [source, argument],
  );
  await page.click('#go');
  return () => page.evaluate(() => window.outcome);
}

export const CONNECT = 'return new MembraneClient({ token: argument.token, apiUri: argument.api }).connect(argument.options)';
export const UI = 'return new MembraneClient({ token: argument.token, apiUri: argument.api }).ui.connect(argument.options)';

/** Answers the sandbox's question in a window. */
export async function answer(window, { person = 'ada', allow = true } = {}) {
  await window.check(`input[name=person][value=${person}]`);
  await window.click(`button[value=${allow ? 'allow' : 'deny'}]`);
}

/** The frame that the official client puts over the page. */
export const frameOf = (page) => page.frameLocator('#__integration-app-popup');
