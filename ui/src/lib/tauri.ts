// The core as the desktop shell provides it.
import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Core, Reply } from './core';
import type { StreamMessage, WireError } from './wire';

export const tauriCore: Core = {
  // Messages are cloned on their way; plain data only, no reactive proxies.
  api: (request) => invoke<Reply>('api', { request: JSON.parse(JSON.stringify(request)) }),
  // In the same process, the stream ends with the page only.
  events: (deliver) => {
    const channel = new Channel<StreamMessage>();
    channel.onmessage = deliver;
    return invoke('events', { channel });
  },
  openExternal: (url) => invoke('open_external', { url }),
  onNavigate: async (go) => {
    await listen<string>('navigate', (event) => go(event.payload));
  },
  onProblem: async (tell) => {
    await listen<WireError>('problem', (event) => tell(event.payload));
  },
  ready: () => {
    void invoke('ready').catch(() => {});
  },
  restart: () => invoke('restart'),
};
