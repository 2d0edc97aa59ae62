// The person's settings, and the appearance that follows from them.
import { api, asProblem } from './api';
import { toasts } from './toast.svelte';
import type { Settings } from './wire';

const REMEMBERED = 'appearance';

class Preferences {
  value = $state<Settings | null>(null);

  /** Shows the appearance of last time before the engine has answered, so that nothing flashes. */
  showRemembered(): void {
    show(localStorage.getItem(REMEMBERED) ?? 'system');
  }

  async load(): Promise<void> {
    try {
      this.take(await api.settings());
    } catch {
      // Without an engine there are no settings; the page that says so needs none.
    }
  }

  /** Changes at once and takes it back if the engine refuses. */
  async change(changes: Partial<Settings>): Promise<void> {
    if (!this.value) return;
    const before = $state.snapshot(this.value);
    this.take({ ...before, ...changes });
    try {
      this.take(await api.changeSettings(changes));
    } catch (thrown) {
      this.take(before);
      toasts.say(asProblem(thrown).message, 'danger');
    }
  }

  private take(settings: Settings): void {
    this.value = settings;
    localStorage.setItem(REMEMBERED, settings.appearance);
    show(settings.appearance);
  }
}

function show(appearance: string): void {
  const root = document.documentElement;
  if (appearance === 'light' || appearance === 'dark') root.dataset.theme = appearance;
  else delete root.dataset.theme;
}

export const preferences = new Preferences();
