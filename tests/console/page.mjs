// The console in Chromium, and its pages as objects: what a person does there, by name.
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export async function openBrowser() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const env = { ...process.env, FONTCONFIG_FILE: join(import.meta.dirname, 'fonts.conf') };
  return chromium.launch({ executablePath, env, args: ['--no-sandbox', '--font-render-hinting=none', '--lang=en-GB'] });
}

export class Console {
  /** What went wrong in the page itself. */
  errors = [];

  static async open(browser, engine, { theme = 'light', width = 920, height = 640, path = '/', ...more } = {}) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      permissions: ['clipboard-read', 'clipboard-write'],
      ...more,
    });
    const console = new Console();
    console.context = context;
    console.page = await context.newPage();
    console.page.setDefaultTimeout(8_000);
    console.page.on('console', (message) => message.type() === 'error' && console.errors.push(message.text()));
    console.page.on('pageerror', (error) => console.errors.push(error.message));
    // A page of a vendor is noted, and not opened.
    console.opened = [];
    await context.route(/^(?!http:\/\/127\.0\.0\.1:\d+\/(console|connections|connect|status|events|settings|search|integrations|activity|doctor|clients|support|pause|resume|vault|origins|tenants|webhooks|apps|self))/, (route) => {
      console.opened.push(route.request().url());
      return route.abort();
    });
    await console.page.goto(await engine.consoleUrl());
    await console.page.locator('main[data-phase=live] h1').first().waitFor();
    if (path !== '/') await console.go(path);
    return console;
  }

  async close() {
    await this.context.close();
  }

  get(testId) {
    return this.page.getByTestId(testId);
  }

  async go(path) {
    await this.page.evaluate((to) => { location.hash = to; }, path);
    await this.settled();
  }

  at() {
    return this.page.evaluate(() => location.hash.slice(1));
  }

  async until(path) {
    await this.page.waitForFunction((to) => location.hash === `#${to}`, path);
  }

  /** Waits until nothing is being loaded and the place shown is painted. */
  async settled() {
    await this.page.waitForLoadState('domcontentloaded');
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await this.page.locator('.skeleton').first().waitFor({ state: 'detached' });
    await this.page.evaluate(() => Promise.all([...document.images].filter((image) => !image.complete).map((image) => new Promise((done) => { image.onload = image.onerror = done; }))));
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  type(text) {
    return this.page.keyboard.type(text);
  }

  focused() {
    return this.page.evaluate(() => {
      const at = document.activeElement;
      return at?.dataset.testid ?? at?.closest('[data-testid]')?.dataset.testid ?? at?.tagName;
    });
  }

  /** Presses Tab until an element of that test id has the focus, as somebody without a mouse does. */
  async tabTo(testId, most = 60) {
    for (let i = 0; i < most; i += 1) {
      if ((await this.focused()) === testId) return;
      await this.press('Tab');
    }
    throw new Error(`Tab does not lead to ${testId}; it leads to ${await this.focused()}`);
  }

  row(id) {
    return this.page.locator(`[data-testid=connection-row][data-id="${id}"]`);
  }

  status() {
    return this.get('connection-status').getAttribute('data-status');
  }

  /** Waits until the attempt that is shown is in a state. */
  async session(state) {
    await this.page.locator(`[data-testid=session-state][data-state=${state}]`).waitFor();
  }
}
