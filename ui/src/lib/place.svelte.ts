// Where the person is, kept in the address so that back, reload and links work.
import { href, parse, path, type Route } from './route';

class Place {
  route = $state<Route>({ at: 'home' });

  /** Follows the address from now on. */
  follow(): void {
    const read = () => (this.route = parse(location.hash));
    read();
    window.addEventListener('hashchange', read);
  }

  go(route: Route): void {
    if (location.hash === href(route)) this.route = route;
    else location.hash = path(route);
  }

  /** Goes without leaving the present place in the history. */
  replace(route: Route): void {
    location.replace(href(route));
  }
}

export const place = new Place();
