// The person's settings, and the appearance and language that follow from them.
import { api, asProblem } from './api';
import { languageOf, speak } from './texts.svelte';
import { toasts } from './toast.svelte';
import type { Settings } from './wire';

const APPEARANCE = 'appearance';
const LANGUAGE = 'language';

class Preferences {
  value = $state<Settings | null>(null);

  /** Shows appearance and language of last time before the engine has answered, so that nothing flashes. */
  async showRemembered(): Promise<void> {
    show(remembered(APPEARANCE));
    await say(remembered(LANGUAGE));
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
    localStorage.setItem(APPEARANCE, settings.appearance);
    localStorage.setItem(LANGUAGE, settings.language);
    show(settings.appearance);
    void say(settings.language);
  }
}

function remembered(what: string): string {
  return localStorage.getItem(what) ?? 'system';
}

async function say(setting: string): Promise<void> {
  const language = languageOf(setting);
  await speak(language);
  document.documentElement.lang = language;
}

function show(appearance: string): void {
  const root = document.documentElement;
  if (appearance === 'light' || appearance === 'dark') root.dataset.theme = appearance;
  else delete root.dataset.theme;
}

export const preferences = new Preferences();
