// Mounts the console on a core: the shell's in the app, the API's in a browser.
import { mount } from 'svelte';
import App from './App.svelte';
import { fromWire } from './lib/api';
import { useCore, type Core } from './lib/core';
import { live } from './lib/store.svelte';
import { parse } from './lib/route';
import { place } from './lib/place.svelte';
import { preferences } from './lib/settings.svelte';
import { toasts } from './lib/toast.svelte';
import './style/tokens.css';
import './style/base.css';

export async function start(core: Core): Promise<void> {
  useCore(core);
  const listening = Promise.all([
    core.onNavigate((path) => place.go(parse(path))),
    core.onProblem((error) => {
      const problem = fromWire(error);
      toasts.say(`${problem.message} ${problem.hint}`, 'danger');
    }),
  ]).catch(() => {});
  // Asked for first: what it answers is on its way while the page is built.
  void live.start();
  void preferences.load();
  await preferences.showRemembered();
  place.follow();
  const target = document.getElementById('app');
  if (!target) throw new Error('the page has no #app');
  mount(App, { target });
  void Promise.all([loaded().then(painted), listening]).then(() => core.ready());
}

/** Settles once the page counts as loaded: who drives it from outside is not answered before. */
function loaded(): Promise<void> {
  return new Promise((done) => {
    if (document.readyState === 'complete') done();
    else window.addEventListener('load', () => done(), { once: true });
  });
}

/** Settles after the first paint; a window that is still hidden paints nothing, so not for long. */
function painted(): Promise<void> {
  const LONGEST = 250;
  return new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(() => done()));
    setTimeout(done, LONGEST);
  });
}
