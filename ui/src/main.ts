// Starts the console: in the desktop window on the shell's core, in a browser on the API.
import { isTauri } from '@tauri-apps/api/core';
import { start } from './start';

// Not awaited at the top: the page counts as loaded while its parts are still on their way.
async function run(): Promise<void> {
  await start(isTauri() ? (await import('./lib/tauri')).tauriCore : (await import('./lib/browser')).browserCore);
}

void run();
