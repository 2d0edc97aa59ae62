// Goes through all states, world by world, in both themes: what pictures and the accessibility check share.
import { Console, openBrowser } from './page.mjs';
import { states } from './states.mjs';
import { worlds } from './worlds.mjs';

export const THEMES = ['light', 'dark'];

// Calls `look` with the page of each state; a state that can't be reached is told of and the others go on.
export async function everyState({ sizes, only, look }) {
  const browser = await openBrowser();
  const failed = [];
  const wanted = states.filter((state) => !only || state.name.includes(only));
  for (const world of new Set(wanted.map((state) => state.world))) {
    const list = wanted.filter((state) => state.world === world);
    const engine = await worlds[world]();
    // States that change their world for good come last.
    for (const state of list.toSorted((a, b) => Number(a.last ?? false) - Number(b.last ?? false))) {
      for (const theme of THEMES) {
        for (const [width, height, deviceScaleFactor = 1] of sizes) {
          const name = `${state.name} ${theme} ${width}×${height}`;
          const path = typeof state.path === 'function' ? state.path(engine) : state.path;
          let page;
          try {
            page = await Console.open(browser, engine, { theme, width, height, path, deviceScaleFactor });
            await state.reach?.(page, engine);
            await page.settled();
            await look({ page, state, theme, width, height, name });
          } catch (error) {
            failed.push(`${name}: ${error.message.split('\n').slice(0, 3).join(' ')} ${page?.errors.join(' ') ?? ''}`);
          }
          await page?.close();
          // A state that was not reached may have nothing to be put back.
          await state.after?.(engine)?.catch?.((error) => failed.push(`${name}, afterwards: ${error.message}`));
        }
      }
    }
    await engine.stop();
  }
  await browser.close();
  return failed;
}
