// Takes one picture of a place as somebody sees it who needs it otherwise: node look.mjs WORLD PATH FILE forced|200|wide
import { Console, openBrowser } from './page.mjs';
import { worlds } from './worlds.mjs';

const [world, path, file, how] = process.argv.slice(2);
const browser = await openBrowser();
const engine = await worlds[world]();
const size = how === 'wide' ? { width: 1600, height: 900 } : {};
const page = await Console.open(browser, engine, { ...size, path, forcedColors: how === 'forced' ? 'active' : 'none' });
if (how === '200') await page.page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
await page.settled();
await page.page.screenshot({ path: file });
await browser.close();
await engine.stop();
