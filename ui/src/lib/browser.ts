// The core over HTTP, for the console in a browser: a one-time code in the address becomes this page's token.
import { Problem } from './api';
import { Lost, type Core, type Reply } from './core';
import { t } from './texts.svelte';
import type { StreamMessage } from './wire';

const TOKEN = 'console-token';
const ORIGIN = location.origin;

let entering: Promise<void> | undefined;

/** Trades the code, once; what the page has already stays good. */
function enter(): Promise<void> {
  entering ??= (async () => {
    const code = /[#&]code=([^&]+)/.exec(location.hash)?.[1];
    if (!code) return;
    history.replaceState(null, '', `${location.pathname}#/`);
    const reply = await fetch(`${ORIGIN}/console/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    if (reply.ok) sessionStorage.setItem(TOKEN, ((await reply.json()) as { token: string }).token);
  })();
  return entering;
}

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  await enter();
  const token = sessionStorage.getItem(TOKEN);
  if (!token) throw new Problem('not_authenticated', t('down.noCode'), t('down.noCode.hint'));
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  return fetch(ORIGIN + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
}

async function read(response: Response): Promise<Reply> {
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
}

/** Hands on each message of a stream of server-sent events. */
async function follow(body: ReadableStream<BufferSource>, deliver: (message: StreamMessage) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const data = part.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim());
      if (data.length > 0) deliver(JSON.parse(data.join('\n')) as StreamMessage);
    }
  }
}

export const browserCore: Core = {
  api: async (request) => read(await ask(request.method, request.path, request.body)),
  events: async (deliver, ended) => {
    const response = await ask('GET', '/events');
    if (!response.ok || !response.body) throw (await read(response)).body;
    void follow(response.body as ReadableStream<BufferSource>, deliver).then(ended, () => ended(new Lost()));
  },
  inBrowser: true,
  openExternal: async (url) => {
    if (!/^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url)) throw new Lost();
    window.open(url, '_blank', 'noopener,noreferrer');
  },
  onNavigate: async () => {},
  onProblem: async () => {},
  ready: () => {},
};
