// The event stream as an async iterator, over fetch, so that the token stays in a header.
import { MembraneError } from './error.js';
import type { Http } from './http.js';
import type { StreamMessage } from './types.js';

/** Yields a snapshot, then every change, until the engine ends or the signal stops it. */
export async function* stream(http: Http, signal?: AbortSignal): AsyncGenerator<StreamMessage, void, undefined> {
  const response = await http.open('GET', '/events', { signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        // Each message is one line of data; comments keep the connection alive.
        if (line.startsWith('data:')) yield parse(line.slice('data:'.length));
      }
    }
  } catch (cause) {
    if (signal?.aborted) return;
    if (cause instanceof MembraneError) throw cause;
    throw new MembraneError('unreachable', 'The event stream broke.', { hint: 'Open it again.', cause });
  } finally {
    // Whoever stops reading lets the engine know.
    await reader.cancel().catch(() => undefined);
  }
}

function parse(text: string): StreamMessage {
  try {
    return JSON.parse(text) as StreamMessage;
  } catch (cause) {
    throw new MembraneError('internal', 'A message of the event stream could not be read.', { cause });
  }
}
