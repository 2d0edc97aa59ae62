// Typed calls of the local API; a failure is thrown as a Problem with its hint.
import { core, type Request } from './core';
import { t, translated } from './texts.svelte';
import type {
  Activity,
  AppDetail,
  AppSummary,
  Client,
  Connection,
  Delivery,
  EngineStatus,
  EventType,
  Examination,
  NewWebhook,
  Origin,
  SearchResult,
  Session,
  Settings,
  VaultView,
  Webhook,
  WireError,
} from './wire';

/** A failure with what to do about it. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
    readonly action: string = 'tell',
  ) {
    super(message);
    this.name = 'Problem';
  }
}

const notAnswering = () =>
  new Problem('engine_not_running', t('down.notAnswering'), t('down.notAnswering.hint'), 'retry');

/** Makes a sentence of a message: an upper-case start and a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const start = trimmed[0]!.toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}

export function fromWire(error: WireError): Problem {
  const { code, hint, action } = error.data;
  // The engine's own words are English and name the case; another language has one text for each code.
  const message = translated(`fault.${code}`) ?? sentence(error.message);
  return new Problem(code, message, translated(`hint.${code}`) ?? sentence(hint), action);
}

function isWireError(value: unknown): value is WireError {
  return typeof value === 'object' && value !== null && 'message' in value && 'data' in value;
}

/** Turns anything that was thrown into a Problem. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (isWireError(thrown)) return fromWire(thrown);
  return notAnswering();
}

async function call<T>(method: Request['method'], path: string, body?: unknown): Promise<T> {
  let reply;
  try {
    reply = await core().api(body === undefined ? { method, path } : { method, path, body });
  } catch (thrown) {
    throw asProblem(thrown);
  }
  if (reply.status >= 200 && reply.status < 300) return reply.body as T;
  throw asProblem(reply.body);
}

const enc = encodeURIComponent;
const connection = (id: string) => `/connections/${enc(id)}`;
const session = (id: string) => `/connect-sessions/${enc(id)}`;

const webhook = (id: string) => `/webhooks/${enc(id)}`;

export interface WebhookRequest {
  url: string;
  events: EventType[];
  allowLocal: boolean;
  includeAccount: boolean;
}

export interface StartSession {
  appKey?: string;
  connectionId?: string;
  authMethod?: string;
  name?: string;
  input?: Record<string, string>;
  scopes?: string[];
  open?: boolean;
}

export interface ActivityQuery {
  connectionId?: string;
  kind?: string;
  cursor?: string;
  limit?: number;
}

function toQuery(query: object): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

export const api = {
  status: () => call<EngineStatus>('GET', '/status'),

  connection: (id: string) => call<Connection>('GET', connection(id)),
  rename: (id: string, name: string) => call<Connection>('PATCH', connection(id), { name }),
  setEnd: (id: string, expiresAt: string | null) => call<Connection>('PUT', `${connection(id)}/end`, { expiresAt }),
  archive: (id: string) => call<Connection>('DELETE', connection(id)),
  test: (id: string) => call<{ success: boolean; cause?: string }>('POST', `${connection(id)}/test`),
  renew: (id: string) => call<Connection>('POST', `${connection(id)}/refresh-credentials`),
  pause: (id: string, minutes?: number) =>
    call<Connection>('POST', `${connection(id)}/pause`, minutes === undefined ? {} : { minutes }),
  resume: (id: string) => call<Connection>('POST', `${connection(id)}/resume`),
  pauseAll: (minutes: number) => call<unknown>('POST', '/pause', { minutes }),
  resumeAll: () => call<unknown>('POST', '/resume', {}),
  activity: (query: ActivityQuery) => call<{ items: Activity[]; cursor: string | null }>('GET', `/activity${toQuery(query)}`),
  doctor: () => call<Examination>('GET', '/doctor'),
  bundle: () => call<unknown>('GET', '/support-bundle'),
  writeBundle: () => call<{ path: string }>('POST', '/support-bundle', {}),

  apps: () => call<{ items: AppSummary[] }>('GET', '/integrations'),
  /** A screenful of apps; those that connect right away, or the others. */
  appsPage: (ready: boolean, cursor: string) =>
    call<{ items: AppSummary[]; cursor?: string }>('GET', `/integrations?ready=${ready}&limit=40&cursor=${enc(cursor)}`),
  app: (key: string) => call<AppDetail>('GET', `/integrations/${enc(key)}`),
  search: (text: string) => call<SearchResult>('GET', `/search?q=${enc(text)}&limit=20`),
  byUrl: (url: string) => call<AppSummary>('POST', '/apps/by-url', { url }),
  setClient: (key: string, clientId: string, clientSecret?: string) =>
    call<AppDetail>('PUT', `/integrations/${enc(key)}/client`, { clientId, clientSecret }),
  removeClient: (key: string) => call<AppDetail>('DELETE', `/integrations/${enc(key)}/client`),

  start: (request: StartSession) => call<Session>('POST', '/connect-sessions', request),
  session: (id: string) => call<Session>('GET', session(id)),
  cancel: (id: string) => call<Session>('DELETE', session(id)),
  openAgain: (id: string) => call<Session>('POST', `${session(id)}/open`, {}),
  submit: (id: string, values: Record<string, string>, saveUnchecked = false) =>
    call<Session>('POST', `${session(id)}/credentials`, saveUnchecked ? { values, saveUnchecked } : { values }),
  paste: (id: string, url: string) => call<Session>('POST', `${session(id)}/callback`, { url }),
  keep: (id: string) => call<Session>('POST', `${session(id)}/keep`, {}),

  openRequest: (id: string) => call<unknown>('POST', `/connection-requests/${enc(id)}/open`, {}),
  declineRequest: (id: string) => call<unknown>('DELETE', `/connection-requests/${enc(id)}`),

  settings: () => call<Settings>('GET', '/settings'),
  changeSettings: (changes: Partial<Settings>) => call<Settings>('PATCH', '/settings', changes),
  clients: () => call<{ items: Client[] }>('GET', '/clients'),
  createClient: (name: string, mayGetTokens: boolean) =>
    call<{ id: string; name: string; token: string }>('POST', '/clients', { name, mayGetTokens }),
  origins: () => call<{ items: Origin[] }>('GET', '/origins'),
  approveOrigin: (origin: string) => call<Origin>('POST', '/origins', { origin }),
  removeOrigin: (origin: string) => call<{ items: Origin[] }>('DELETE', '/origins', { origin }),
  revokeClient: (id: string) => call<unknown>('DELETE', `/clients/${enc(id)}`),

  webhooks: () => call<{ items: Webhook[] }>('GET', '/webhooks'),
  webhook: (id: string) => call<Webhook>('GET', webhook(id)),
  createWebhook: (request: WebhookRequest) => call<NewWebhook>('POST', '/webhooks', request),
  changeWebhook: (id: string, changes: Partial<WebhookRequest> & { enabled?: boolean }) =>
    call<Webhook>('PATCH', webhook(id), changes),
  removeWebhook: (id: string) => call<unknown>('DELETE', webhook(id)),
  testWebhook: (id: string) => call<{ delivered: boolean; delivery: Delivery }>('POST', `${webhook(id)}/test`, {}),
  rotateSecret: (id: string) => call<NewWebhook>('POST', `${webhook(id)}/rotate-secret`, {}),
  deliveries: (id: string, query: { state?: string; cursor?: string; limit?: number }) =>
    call<{ items: Delivery[]; cursor: string | null }>('GET', `${webhook(id)}/deliveries${toQuery(query)}`),
  redeliver: (id: string, delivery: string) => call<Delivery>('POST', `${webhook(id)}/deliveries/${enc(delivery)}/redeliver`, {}),

  vaultInit: (passphrase: string) => call<VaultView>('POST', '/vault/init', { passphrase }),
  vaultUnlock: (passphrase?: string) => call<VaultView>('POST', '/vault/unlock', passphrase ? { passphrase } : {}),
  vaultLock: () => call<VaultView>('POST', '/vault/lock', {}),
  vaultReset: () => call<VaultView>('POST', '/vault/reset', {}),
};
