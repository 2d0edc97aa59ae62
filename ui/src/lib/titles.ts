// The names of places, for the window's title.
import type { Route } from './route';
import { t } from './texts.svelte';

export function place(route: Route): string {
  switch (route.at) {
    case 'home':
      return t('nav.connections');
    case 'search':
    case 'connect':
      return t('title.connect');
    case 'connection':
      return t('title.connection');
    case 'reconnect':
      return t('title.reconnect');
    case 'session':
      return t('title.session');
    case 'activity':
      return t('nav.activity');
    case 'apps':
    case 'app':
      return t('nav.apps');
    case 'webhooks':
    case 'webhook':
      return t('nav.webhooks');
    case 'welcome':
      return t('title.welcome');
    case 'settings':
      return t('nav.settings');
  }
}
