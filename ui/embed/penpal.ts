// The child's side of the official client's frame (the Penpal 6 protocol): a handshake, then calls to the parent.

interface Message {
  penpal?: 'synAck' | 'reply';
  id?: number;
  resolution?: 'fulfilled' | 'rejected';
  returnValue?: unknown;
}

const AGAIN = 100;

export class Parent {
  #origin = '*';
  #count = 0;
  #waiting = new Map<number, (message: Message) => void>();
  readonly ready: Promise<void>;

  constructor() {
    this.ready = new Promise((done) => {
      const knock = setInterval(() => window.parent.postMessage({ penpal: 'syn' }, '*'), AGAIN);
      window.addEventListener('message', (event: MessageEvent<Message>) => {
        if (event.source !== window.parent || typeof event.data !== 'object' || event.data === null) return;
        if (event.data.penpal === 'synAck') {
          clearInterval(knock);
          this.#origin = event.origin === 'null' ? '*' : event.origin;
          window.parent.postMessage({ penpal: 'ack', methodNames: [] }, this.#origin);
          void this.call('handshake').then(() => done());
        } else if (event.data.penpal === 'reply' && event.data.id !== undefined) {
          this.#waiting.get(event.data.id)?.(event.data);
          this.#waiting.delete(event.data.id);
        }
      });
    });
  }

  /** Calls a method of the page around this one; settles when it has answered. */
  call(methodName: string, ...args: unknown[]): Promise<unknown> {
    return new Promise((done, fail) => {
      const id = ++this.#count;
      this.#waiting.set(id, (message) =>
        message.resolution === 'rejected' ? fail(new Error(methodName)) : done(message.returnValue),
      );
      window.parent.postMessage({ penpal: 'call', id, methodName, args }, this.#origin);
    });
  }
}
