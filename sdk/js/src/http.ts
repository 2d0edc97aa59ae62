// One call of the API: the token goes into a header, the answer is JSON, a failure is a MembraneError.
import { MembraneError } from './error.js';
import type { WireError } from './types.js';

/** The version of the wire that this client was written for. */
const VERSION = '2025-10-21';

/** What a query is made of; what is undefined is left out. */
export type Query = Record<string, string | number | boolean | undefined>;

/** How a call is made. */
export interface CallOptions {
  query?: Query | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** Makes calls with a token. */
export class Http {
  constructor(
    readonly apiUri: string,
    private readonly token: () => string | Promise<string>,
  ) {}

  /** Calls a route and reads the answer. */
  async call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.open(method, path, options);
    try {
      return (await response.json()) as T;
    } catch (cause) {
      throw new MembraneError('internal', 'The answer of the API could not be read.', { cause, status: response.status });
    }
  }

  /** Calls a route and returns the good answer, unread. */
  async open(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    const address = `${this.apiUri}${path}${query.size > 0 ? `?${query}` : ''}`;
    const headers: Record<string, string> = {
      authorization: `Bearer ${await this.token()}`,
      'membrane-api-version': VERSION,
    };
    const request: RequestInit = { method, headers };
    if (options.body !== undefined) {
      headers['content-type'] = 'application/json';
      request.body = JSON.stringify(options.body);
    }
    if (options.signal) request.signal = options.signal;
    let response: Response;
    try {
      response = await fetch(address, request);
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw new MembraneError('unreachable', `Nothing answers at ${this.apiUri}.`, {
        hint: 'Start Membrane, or `membrane serve`; `membrane status` shows the address.',
        cause,
      });
    }
    if (response.ok) return response;
    const error = (await response.json().catch(() => undefined)) as WireError | undefined;
    throw MembraneError.of(error, response.status);
  }
}

/** Writes a part of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}
