// The shapes that the core sends: what crates/model says in Rust, said in TypeScript.

export type MethodKind = 'oauth2' | 'device' | 'client-credentials' | 'api-key' | 'basic' | 'mcp';
export type HealthStatus = 'connecting' | 'connected' | 'retrying' | 'attention' | 'paused';
export type DisconnectReason =
  | 'revoked'
  | 'expired'
  | 'key-rejected'
  | 'client-invalid'
  | 'rotation-lost'
  | 'secret-lost'
  | 'other-computer'
  | 'old-copy';
export type VaultState = 'unlocked' | 'locked' | 'missing' | 'broken' | 'key-lost';
export type EventType =
  | 'connection.created'
  | 'connection.deleted'
  | 'connection.disconnected'
  | 'connection.reconnected';

export interface WireError {
  type: string;
  key?: string;
  message: string;
  data: { code: string; hint: string; action: string; retryAfter?: number; requestId?: string };
}

export interface Field {
  key: string;
  label: string;
  hint?: string;
  link?: string;
  example?: string;
  pattern?: string;
  choices?: { value: string; label: string }[];
  secret: boolean;
  optional: boolean;
}

export interface Warning {
  code: string;
  severity: 'low' | 'medium' | 'high';
  text: string;
  since: string | null;
}

export interface Connection {
  id: string;
  key?: string;
  name: string;
  integrationKey: string;
  tenantId?: string;
  authOptionKey: string;
  appName: string;
  state: 'READY' | 'CLIENT_ACTION_REQUIRED' | 'CONFIGURATION_ERROR' | 'SETUP_FAILED';
  connected: boolean;
  disconnected: boolean;
  reason?: DisconnectReason;
  since?: string;
  errors: WireError[];
  retryAttempts: number;
  nextRetryTimestamp: string | null;
  nextCredentialsRefreshAt: string | null;
  canRefreshCredentials: boolean;
  canTest: boolean;
  expiresAt: string | null;
  account?: { id: string; label: string };
  scopes: string[];
  input: Record<string, string>;
  health: { status: HealthStatus; label: string; sentence: string; warnings: Warning[] };
  createdAt: string;
  updatedAt: string;
  lastActiveAt: string | null;
  archivedAt?: string;
  sessionId?: string;
}

interface SessionFacts {
  id: string;
  kind: 'connect' | 'reconnect';
  appKey: string;
  appName: string;
  authMethod: string;
  method: MethodKind;
  connectionId?: string;
  createdAt: string;
  expiresAt: string;
}

export interface Awaiting {
  state: 'awaiting-user';
  authorizationUrl?: string;
  redirectUri?: string;
  userCode?: string;
  verificationUri?: string;
  verificationUriComplete?: string;
  fields?: Field[];
  problem?: WireError;
}

export type SessionState =
  | Awaiting
  | { state: 'exchanging' | 'verifying' | 'done' | 'cancelled' | 'expired' }
  | { state: 'failed'; error: WireError };

export type Session = SessionFacts & SessionState;

export interface VaultView {
  state: VaultState;
  backend: string;
  sentence: string;
}

export interface EngineStatus {
  apiUri: string | null;
  portNote?: string;
  socket: string;
  version: string;
  dataDir: string;
  vault: VaultView;
  engine: { pid: number; mode: 'desktop' | 'headless'; startedAt: string };
  connections: number;
  disconnected: number;
  /** How many webhooks were turned off because nothing gets through. */
  webhooksOff?: number;
  pausedUntil?: string;
  sandbox?: { url: string };
}

export interface LifecycleEvent {
  id: string;
  eventType: EventType;
  connectionId: string;
  appKey: string;
  reason?: DisconnectReason;
  createdAt: string;
}

export interface ConnectionRequest {
  requestId: string;
  tenantId: string;
  status: 'pending' | 'success' | 'cancelled' | 'error';
  clientName: string;
  title: string;
  integrationKey?: string;
  appName?: string;
  connectionId?: string;
  prompt?: string;
  resultConnectionId?: string;
  resultError?: WireError;
  createdAt: string;
  expiresAt: string;
}

export interface Tenant {
  id: string;
  name: string;
  internalId: string;
  workspaceKey?: string;
}

export type StreamMessage =
  | {
      type: 'snapshot';
      status: EngineStatus;
      connections: Connection[];
      sessions: Session[];
      requests?: ConnectionRequest[];
      tenants?: Tenant[];
    }
  | { type: 'request'; request: ConnectionRequest }
  | { type: 'tenant'; tenant: Tenant }
  | { type: 'connection'; connection: Connection }
  | { type: 'connection-removed'; id: string }
  | { type: 'session'; session: Session }
  | { type: 'status'; status: EngineStatus }
  | { type: 'event'; event: LifecycleEvent };

export interface MethodSummary {
  key: string;
  type: MethodKind;
  label: string;
  needsClient: boolean;
}

export interface AppSummary {
  key: string;
  name: string;
  description: string;
  categories: string[];
  authMethods: MethodSummary[];
  ready: boolean;
  /** The vendor's MCP server can be signed in to with nothing registered. */
  mcp?: boolean;
  capabilities?: string[];
  own: boolean;
  popularity: number;
}

export interface Scope {
  name: string;
  text: string;
  optional: boolean;
}

export interface Method extends MethodSummary {
  client: { id: string; hasSecret: boolean } | null;
  wantsSecret: boolean;
  scopes: Scope[];
  fields: Field[];
  setup: { url: string; steps: string[] } | null;
  redirectUri: string | null;
  returnPaths: string[];
}

export interface AppDetail extends Omit<AppSummary, 'authMethods' | 'popularity'> {
  authMethods: Method[];
  sourceUrl?: string;
  checked?: string;
}

export interface SearchItem {
  key: string;
  name: string;
  score: number;
  reason: string;
  /** The app, as in a list of them. */
  element: AppSummary;
  because?: { kind: string; what: string };
}

export interface SearchResult {
  outcome: 'pick' | 'choose' | 'none';
  items: SearchItem[];
}

export interface Client {
  id: string;
  name: string;
  mayGetTokens: boolean;
  createdAt: string;
  lastUsedAt: string | null;
}

export interface Activity {
  id: string;
  at: string;
  kind: EventType | 'used';
  connectionId: string;
  appKey: string;
  appName: string;
  name?: string;
  reason?: DisconnectReason;
  by?: { kind: string; client?: string; name?: string };
  uses: number;
  firstAt?: string;
}

export type Subject = 'keychain' | 'schemes' | 'port' | 'clock' | 'network' | 'permissions' | 'disk';

export interface Finding {
  subject: Subject;
  outcome: 'fine' | 'unknown' | 'warning' | 'broken';
  case: string;
  facts?: Record<string, string>;
  sentence: string;
  fix?: string;
}

export interface Examination {
  at: string;
  findings: Finding[];
}

export interface Origin {
  origin: string;
  approvedAt: string;
}

export interface Settings {
  notifications: boolean;
  notificationAccounts: boolean;
  appearance: 'system' | 'light' | 'dark';
  openAtLogin: boolean;
  language: 'system' | 'en' | 'de';
  welcomed: boolean;
}

/** The events that webhooks hear of, in the order in which they happen to a connection. */
export const EVENTS: EventType[] = ['connection.created', 'connection.disconnected', 'connection.reconnected', 'connection.deleted'];

export interface Webhook {
  id: string;
  url: string;
  events: EventType[];
  tenantId?: string;
  allowLocal: boolean;
  includeAccount: boolean;
  enabled: boolean;
  offBecause?: 'by-you' | 'gone' | 'failing' | 'secret-lost';
  previousSecretUntil?: string;
  waiting: number;
  dead: number;
  failingSince?: string;
  createdAt: string;
  updatedAt: string;
}

export interface NewWebhook extends Webhook {
  secret: string;
}

export interface Delivery {
  id: string;
  webhookId: string;
  eventId: string;
  eventType: EventType;
  connectionId: string;
  state: 'waiting' | 'delivered' | 'dead';
  attempts: number;
  nextAttemptAt?: string;
  lastStatus?: number;
  lastError?: string;
  payload: string;
  createdAt: string;
  finishedAt?: string;
}
