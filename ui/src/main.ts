// Starts the console in the desktop window.
import { tauriCore } from './lib/tauri';
import { start } from './start';

start(tauriCore);
