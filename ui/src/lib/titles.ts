// The names of places, for the window's title.
import type { Route } from './route';

export function place(route: Route): string {
  switch (route.at) {
    case 'home':
      return 'Connections';
    case 'search':
    case 'connect':
      return 'Connect an app';
    case 'connection':
      return 'Connection';
    case 'reconnect':
      return 'Reconnect';
    case 'session':
      return 'Signing in';
    case 'settings':
      return 'Settings';
  }
}
