// Places in the console and their paths, read and written in one place.

export const PARTS = ['general', 'security', 'api', 'diagnostics', 'about'] as const;
export type Part = (typeof PARTS)[number];

export type Route =
  | { at: 'home' }
  | { at: 'search'; intent: string }
  | { at: 'connect'; app: string }
  | { at: 'connection'; id: string }
  | { at: 'reconnect'; id: string }
  | { at: 'session'; id: string }
  | { at: 'activity'; connection?: string }
  | { at: 'apps' }
  | { at: 'app'; key: string }
  | { at: 'webhooks' }
  | { at: 'webhook'; id: string }
  | { at: 'welcome'; step: 1 | 2 | 3 }
  | { at: 'settings'; part: Part };

const ID = /^[A-Za-z0-9_-]{1,80}$/;

/** Reads a path such as `/connections/con_1`; anything else leads home. */
export function parse(text: string): Route {
  const [path = '/', query = ''] = text.replace(/^#/, '').split('?', 2);
  const params = new URLSearchParams(query);
  const [first = '', second = '', third = ''] = path.split('/').filter(Boolean).map(decode);
  const app = second || params.get('app') || '';
  switch (first) {
    case 'connect':
      return ID.test(app) ? { at: 'connect', app } : { at: 'search', intent: params.get('intent') ?? '' };
    case 'connections':
      if (!ID.test(second)) return { at: 'home' };
      return third === 'reconnect' ? { at: 'reconnect', id: second } : { at: 'connection', id: second };
    case 'reconnect':
      return ID.test(second) ? { at: 'reconnect', id: second } : { at: 'home' };
    case 'sessions':
      return ID.test(second) ? { at: 'session', id: second } : { at: 'home' };
    case 'activity': {
      const connection = params.get('connection') ?? '';
      return ID.test(connection) ? { at: 'activity', connection } : { at: 'activity' };
    }
    case 'apps':
      return ID.test(second) ? { at: 'app', key: second } : { at: 'apps' };
    case 'webhooks':
      return ID.test(second) ? { at: 'webhook', id: second } : { at: 'webhooks' };
    case 'welcome':
      return { at: 'welcome', step: second === '2' ? 2 : second === '3' ? 3 : 1 };
    case 'settings':
      return { at: 'settings', part: PARTS.find((part) => part === second) ?? 'general' };
    default:
      return { at: 'home' };
  }
}

export function path(route: Route): string {
  switch (route.at) {
    case 'home':
      return '/';
    case 'search':
      return route.intent ? `/connect?intent=${encodeURIComponent(route.intent)}` : '/connect';
    case 'connect':
      return `/connect/${route.app}`;
    case 'connection':
      return `/connections/${route.id}`;
    case 'reconnect':
      return `/connections/${route.id}/reconnect`;
    case 'session':
      return `/sessions/${route.id}`;
    case 'activity':
      return route.connection ? `/activity?connection=${route.connection}` : '/activity';
    case 'apps':
      return '/apps';
    case 'app':
      return `/apps/${route.key}`;
    case 'webhooks':
      return '/webhooks';
    case 'webhook':
      return `/webhooks/${route.id}`;
    case 'welcome':
      return `/welcome/${route.step}`;
    case 'settings':
      return route.part === 'general' ? '/settings' : `/settings/${route.part}`;
  }
}

export function href(route: Route): string {
  return `#${path(route)}`;
}

/** Where Esc leads: one level up. */
export function parent(route: Route): Route | null {
  switch (route.at) {
    case 'home':
    case 'welcome':
      return null;
    case 'connect':
      return { at: 'search', intent: '' };
    case 'reconnect':
      return { at: 'connection', id: route.id };
    case 'app':
      return { at: 'apps' };
    case 'webhook':
      return { at: 'webhooks' };
    case 'activity':
      return route.connection ? { at: 'connection', id: route.connection } : { at: 'home' };
    case 'search':
    case 'connection':
    case 'session':
    case 'apps':
    case 'webhooks':
    case 'settings':
      return { at: 'home' };
  }
}

/** Whether a place is a section of its own, with no way back on it. */
export function isSection(route: Route): boolean {
  return route.at === 'settings' || route.at === 'apps' || route.at === 'webhooks' || (route.at === 'activity' && !route.connection);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
