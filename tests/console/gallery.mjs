// Goes through all states, world by world, in both themes: what pictures and the accessibility check share.
import { Console, openBrowser } from './page.mjs';
import { states } from './states.mjs';
import { worlds } from './worlds.mjs';

export const THEMES = ['light', 'dark'];
/** How many worlds are gone through at once: most of the time something is waited for. */
const AT_ONCE = 2;

// Calls `look` with the page of each state; a state that can't be reached is told of and the others go on.
export async function everyState({ sizes, only, look }) {
  const browser = await openBrowser();
  const failed = [];
  const looks = THEMES.flatMap((theme) => sizes.map(([width, height, deviceScaleFactor = 1]) => ({ theme, width, height, deviceScaleFactor })));
  const wanted = states.filter((state) => !only || state.name.includes(only));
  const left = [...new Set(wanted.map((state) => state.world))];

  async function show(state, engine, how) {
    const name = `${state.name} ${how.theme} ${how.width}×${how.height}`;
    const path = typeof state.path === 'function' ? state.path(engine) : state.path;
    let page;
    try {
      page = await Console.open(browser, engine, { ...how, path });
      await state.reach?.(page, engine);
      await page.settled();
      await look({ page, state, name, ...how });
    } catch (error) {
      failed.push(`${name}: ${error.message.split('\n').slice(0, 3).join(' ')} ${page?.errors.join(' ') ?? ''}`);
    }
    await page?.close();
    // A state that was not reached may have nothing to be put back.
    await state.after?.(engine)?.catch?.((error) => failed.push(`${name}, afterwards: ${error.message}`));
  }

  async function goThrough(world) {
    const engine = await worlds[world]();
    // States that change their world for good come last.
    const list = wanted.filter((state) => state.world === world).toSorted((a, b) => Number(a.last ?? false) - Number(b.last ?? false));
    for (const state of list) for (const how of looks) await show(state, engine, how);
    await engine.stop();
  }

  async function work() {
    for (let world = left.shift(); world !== undefined; world = left.shift()) await goThrough(world);
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await browser.close();
  return failed;
}
