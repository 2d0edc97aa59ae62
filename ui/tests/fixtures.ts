// Connections, sessions and a status to look at, with times relative to now.
import type { Connection, EngineStatus, HealthStatus, LifecycleEvent, Session } from '../src/lib/wire';

const MINUTE = 60_000;
export const at = (minutes: number): string => new Date(Date.now() + minutes * MINUTE).toISOString();

const LABELS: Record<HealthStatus, string> = {
  connected: 'Connected',
  retrying: 'Retrying',
  attention: 'Reconnect',
  paused: 'Paused',
  connecting: 'Connecting',
};

export function connection(
  app: string,
  name: string,
  account: string,
  status: HealthStatus = 'connected',
  more: Partial<Connection> = {},
  sentence = 'Connected. The access renews by itself, next about 14:20.',
): Connection {
  const works = status === 'connected' || status === 'retrying';
  return {
    id: `con_${app}${account.length}`,
    name,
    integrationKey: app,
    authOptionKey: 'oauth',
    appName: name,
    state: works ? 'READY' : 'CLIENT_ACTION_REQUIRED',
    connected: works,
    disconnected: status === 'attention',
    errors: [],
    retryAttempts: 0,
    nextRetryTimestamp: null,
    nextCredentialsRefreshAt: works ? at(50) : null,
    canRefreshCredentials: true,
    canTest: true,
    expiresAt: at(60),
    account: account ? { id: account, label: account } : undefined,
    scopes: [],
    input: {},
    health: { status, label: LABELS[status], sentence, warnings: [] },
    createdAt: at(-60 * 24 * 90),
    updatedAt: at(-10),
    lastActiveAt: at(-3),
    ...more,
  };
}

export const twelve: Connection[] = [
  connection(
    'slack',
    'Slack',
    'ada@example.com',
    'attention',
    { reason: 'revoked', since: at(-95), lastActiveAt: at(-100), scopes: ['channels:read', 'chat:write'] },
    'Slack needs you since 12:40: the app ended the access, or somebody signed out there. Reconnect to go on.',
  ),
  connection(
    'stripe',
    'Stripe',
    'Example Ltd',
    'attention',
    { reason: 'key-rejected', since: at(-60 * 30), authOptionKey: 'api-key', canRefreshCredentials: false },
    'Stripe needs you since Mon 08:12: the app no longer accepts the key. Reconnect to go on.',
  ),
  connection('github', 'GitHub', 'octocat', 'connected', {
    scopes: ['repo', 'read:org', 'gist', 'user:email'],
    key: 'work-github',
  }),
  connection('github', 'GitHub', 'ada-at-work', 'connected', { lastActiveAt: at(-60 * 26) }),
  connection('gmail', 'Gmail', 'ada@example.com', 'connected', { lastActiveAt: at(-25) }),
  connection('google-calendar', 'Google Calendar', 'ada@example.com'),
  connection(
    'notion',
    'Notion',
    'Ada’s workspace',
    'retrying',
    { nextRetryTimestamp: at(7), retryAttempts: 4 },
    'Notion isn’t answering. Trying again at 14:32. Tools keep working until 15:00.',
  ),
  connection('linear', 'Linear', 'Analytical Engines', 'connected', { name: 'Linear for work', lastActiveAt: at(-200) }),
  connection(
    'trello',
    'Trello',
    'ada',
    'connected',
    {
      canRefreshCredentials: false,
      nextCredentialsRefreshAt: null,
      expiresAt: at(60 * 24 * 3),
      health: {
        status: 'connected',
        label: 'Connected',
        sentence: 'Connected until Fri 14:20; then you sign in again.',
        warnings: [
          {
            code: 'sign-in-due',
            severity: 'medium',
            text: 'Trello gives nothing to renew the access with: sign in again by Fri 14:20.',
            since: null,
          },
        ],
      },
    },
  ),
  connection('hubspot', 'HubSpot', 'hub 4711 with a rather long name of a company', 'connected', { lastActiveAt: null }),
  connection('zoom', 'Zoom', 'ada@example.com', 'paused', {}, 'Paused until you resume it. Tools can’t use it meanwhile.'),
  connection(
    'dropbox',
    'Dropbox',
    '',
    'connecting',
    { sessionId: 'ses_waiting', canRefreshCredentials: false },
    'Waiting for you to finish signing in to Dropbox.',
  ),
];

export const status = (connections: Connection[]): EngineStatus => ({
  apiUri: 'http://127.0.0.1:4780',
  socket: '/run/user/1000/dev.membrane.desktop/api.sock',
  version: '0.1.0',
  dataDir: '/home/ada/.local/share/dev.membrane.desktop',
  vault: {
    state: 'unlocked',
    backend: 'secret-service',
    sentence: 'The keychain is unlocked and holds the key of your credentials.',
  },
  engine: { pid: 4242, mode: 'desktop', startedAt: at(-240) },
  connections: connections.length,
  disconnected: connections.filter((c) => c.disconnected).length,
});

export function session(id: string, more: Partial<Session> = {}): Session {
  return {
    id,
    kind: 'connect',
    appKey: 'dropbox',
    appName: 'Dropbox',
    authMethod: 'oauth',
    method: 'oauth2',
    createdAt: at(0),
    expiresAt: at(10),
    state: 'awaiting-user',
    authorizationUrl: 'https://www.dropbox.com/oauth2/authorize?client_id=x&state=y',
    redirectUri: 'http://127.0.0.1:41235/oauth-callback',
    ...more,
  } as Session;
}

const error = (code: string, message: string, hint: string, action = 'start-over') => ({
  type: 'connection',
  message,
  data: { code, hint, action },
});

export const sessions: Session[] = [
  session('ses_waiting'),
  session('ses_late', { createdAt: at(-2) }),
  session('ses_device', {
    appKey: 'github',
    appName: 'GitHub',
    method: 'device',
    authorizationUrl: undefined,
    userCode: 'WDJB-MJHT',
    verificationUri: 'https://github.com/login/device',
  } as Partial<Session>),
  session('ses_finishing', { state: 'exchanging' }),
  session('ses_done', { state: 'done', appKey: 'github', appName: 'GitHub', connectionId: 'con_github7' }),
  session('ses_denied', {
    state: 'failed',
    error: error('access_denied_by_user', 'the access to Dropbox was not allowed', 'Start again and allow the access, if that was a mistake.'),
  } as Partial<Session>),
  session('ses_mismatch', {
    kind: 'reconnect',
    appKey: 'slack',
    appName: 'Slack',
    connectionId: 'con_slack15',
    state: 'failed',
    error: error(
      'account_mismatch',
      'you signed in as ben@example.com; this connection is ada@example.com',
      'Sign in with the connection’s own account, or keep the other one as a new connection.',
    ),
  } as Partial<Session>),
  session('ses_nobrowser', {
    problem: error('browser_failed', 'the browser could not be opened', 'Copy the link and open it in a browser yourself.', 'tell'),
  } as Partial<Session>),
];

export const events: LifecycleEvent[] = [
  { id: 'e3', eventType: 'connection.disconnected', connectionId: '', appKey: 'slack', reason: 'revoked', createdAt: at(-95) },
  { id: 'e2', eventType: 'connection.reconnected', connectionId: '', appKey: 'slack', createdAt: at(-60 * 24 * 12) },
  { id: 'e1', eventType: 'connection.created', connectionId: '', appKey: 'slack', createdAt: at(-60 * 24 * 90) },
];
