// Places in the console and their paths, read and written in one place.

export type Route =
  | { at: 'home' }
  | { at: 'search'; intent: string }
  | { at: 'connect'; app: string }
  | { at: 'connection'; id: string }
  | { at: 'reconnect'; id: string }
  | { at: 'session'; id: string }
  | { at: 'settings' };

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
    case 'settings':
      return { at: 'settings' };
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
    case 'settings':
      return '/settings';
  }
}

export function href(route: Route): string {
  return `#${path(route)}`;
}

/** Where Esc leads: one level up. */
export function parent(route: Route): Route | null {
  switch (route.at) {
    case 'home':
      return null;
    case 'connect':
      return { at: 'search', intent: '' };
    case 'reconnect':
      return { at: 'connection', id: route.id };
    case 'search':
    case 'connection':
    case 'session':
    case 'settings':
      return { at: 'home' };
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
