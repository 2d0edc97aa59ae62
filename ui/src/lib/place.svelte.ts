// Where the person is, kept in the address so that back, reload and links work.
import { href, parse, path, type Route } from './route';

class Place {
  route = $state<Route>({ at: 'home' });

  /** Follows the address from now on. */
  follow(): void {
    this.route = parse(location.hash);
    window.addEventListener('hashchange', () => {
      const next = parse(location.hash);
      if (href(next) !== href(this.route)) this.route = next;
    });
  }

  go(route: Route): void {
    this.route = route;
    location.hash = path(route);
  }

  /** Goes without leaving the present place in the history. */
  replace(route: Route): void {
    this.route = route;
    // Not by the location: that would count as loading a page.
    history.replaceState(history.state, '', href(route));
  }
}

export const place = new Place();
