// The core as the page reaches it: HTTP with the page's own token, one stream, and windows of the browser.
import type { Core, Reply, Request } from '../src/lib/core';
import type { Session, StreamMessage } from '../src/lib/wire';

/** How a sign-in is opened from here. */
export interface SignIn {
  open(url: string): void;
}

export class EmbedCore implements Core {
  /** The page's token is good no more: it was open for too long, or was taken back. */
  onexpired: () => void = () => {};
  #sessions = new Map<string, Session>();

  constructor(
    readonly token: string,
    readonly signIn: SignIn,
  ) {}

  async api(request: Request): Promise<Reply> {
    const opened = /^\/connect-sessions\/([^/]+)\/open$/.exec(request.path);
    if (opened) return this.#openAgain(decodeURIComponent(opened[1]!));
    const reply = await fetch(request.path, {
      method: request.method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    if (reply.status === 401) this.onexpired();
    const body: unknown = await reply.json();
    const leads = request.method === 'POST' && /^\/connect-sessions(\/[^/]+\/credentials)?$/.test(request.path);
    if (reply.ok && leads) this.#lead(body as Session);
    return { status: reply.status, body };
  }

  events(deliver: (message: StreamMessage) => void): Promise<void> {
    return new Promise((started, failed) => {
      const source = new EventSource(`/sse/page?token=${encodeURIComponent(this.token)}`);
      source.onmessage = (event) => {
        deliver(JSON.parse(event.data as string) as StreamMessage);
        started();
      };
      source.onerror = () => {
        // The browser connects again by itself, unless the page was open for too long.
        if (source.readyState !== EventSource.CLOSED) return;
        failed(new Error('the stream ended'));
        // Why, the stream doesn't say; another request does.
        this.api({ method: 'GET', path: '/page' }).catch(() => {});
      };
    });
  }

  openExternal(url: string): Promise<void> {
    window.open(url, '_blank', 'noopener');
    return Promise.resolve();
  }

  onNavigate(): Promise<void> {
    return Promise.resolve();
  }

  onProblem(): Promise<void> {
    return Promise.resolve();
  }

  ready(): void {}

  /** An attempt that waits in the browser goes on in a window that the person's click may open. */
  #lead(session: Session): void {
    this.#sessions.set(session.id, session);
    if (session.state === 'awaiting-user' && session.authorizationUrl) this.signIn.open(session.authorizationUrl);
  }

  async #openAgain(id: string): Promise<Reply> {
    const known = this.#sessions.get(id);
    const session = known ?? ((await this.api({ method: 'GET', path: `/connect-sessions/${id}` })).body as Session);
    if (session.state === 'awaiting-user') {
      const url = session.authorizationUrl ?? session.verificationUriComplete ?? session.verificationUri;
      if (url) this.signIn.open(url);
    }
    return { status: 200, body: session };
  }
}
