// Starts the console: in the desktop window on the shell's core, in a browser on the API.
import { isTauri } from '@tauri-apps/api/core';
import { start } from './start';

const core = isTauri() ? (await import('./lib/tauri')).tauriCore : (await import('./lib/browser')).browserCore;
await start(core);
