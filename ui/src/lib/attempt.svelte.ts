// One attempt to connect or reconnect, as a page drives it: start it, send its form, follow it.
import { api, asProblem, fromWire, type Problem, type StartSession } from './api';
import { core } from './core';
import { place } from './place.svelte';
import { live } from './store.svelte';
import type { Session } from './wire';

/** The page that the person signs in at. */
export function pageOf(session: Session): string | undefined {
  if (session.state !== 'awaiting-user') return undefined;
  return session.authorizationUrl ?? session.verificationUriComplete ?? session.verificationUri;
}

export class Attempt {
  busy = $state(false);
  problem = $state<Problem | null>(null);
  #session: Session | null = null;

  constructor(session: Session | null = null) {
    this.#session = session;
  }

  /** Starts an attempt that continues in the browser, and goes to its page. */
  async lead(request: StartSession): Promise<void> {
    await this.#work(async () => {
      const here = core().inBrowser;
      const session = live.saw(await api.start({ ...request, open: !here }));
      const page = pageOf(session);
      // What a pop-up blocker keeps back is one press away on the attempt's page.
      if (here && page) await core().openExternal(page).catch(() => {});
      place.replace({ at: 'session', id: session.id });
    });
  }

  /** Sends a form; what is wrong with it stays on the page, everything else leads to the attempt's page. */
  async submit(request: StartSession, values: Record<string, string>, saveUnchecked = false): Promise<void> {
    await this.#work(async () => {
      this.#session ??= await api.start(request);
      const session = live.saw(await api.submit(this.#session.id, values, saveUnchecked));
      if (session.state === 'awaiting-user' && session.fields?.length && session.problem) {
        this.problem = fromWire(session.problem);
      } else {
        place.replace({ at: 'session', id: session.id });
      }
    });
  }

  async #work(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    try {
      await work();
    } catch (thrown) {
      this.problem = asProblem(thrown);
      // An attempt that is over can't take another form.
      if (['session_ended', 'session_expired', 'not_found'].includes(this.problem.code)) this.#session = null;
    }
    this.busy = false;
  }
}
