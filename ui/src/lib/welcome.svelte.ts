// The first steps: shown once, to somebody who has nothing connected yet.
import { place } from './place.svelte';
import { preferences } from './settings.svelte';
import { live } from './store.svelte';

class Welcome {
  /** Somebody is at it, perhaps on the connect pages of the second step. */
  active = $state(false);

  get due(): boolean {
    return live.phase === 'live' && preferences.value?.welcomed === false && live.connections.length === 0;
  }

  begin(): void {
    this.active = true;
    place.replace({ at: 'welcome', step: 1 });
  }

  end(): void {
    this.active = false;
    void preferences.change({ welcomed: true });
    place.replace({ at: 'home' });
  }
}

export const welcome = new Welcome();
