// What a call fails with: a code to decide by, a message and a hint to show.
import type { WireError } from './types.js';

/** A failed call. `code` is from the API's closed list, or `unreachable`, `popup_blocked`, `timeout`. */
export class MembraneError extends Error {
  override readonly name = 'MembraneError';
  /** What to decide by. */
  readonly code: string;
  /** What to do about it, for a person. */
  readonly hint: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;

  constructor(code: string, message: string, options: { hint?: string; status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.status = options.status;
  }

  /** Makes one of what the API answered. */
  static of(error: WireError | undefined, status?: number): MembraneError {
    if (!error || typeof error.message !== 'string') {
      return new MembraneError('internal', `The API answered with status ${status ?? 'unknown'}.`, definedOnly({ status }));
    }
    const { code, hint } = error.data ?? {};
    return new MembraneError(code ?? 'internal', error.message, definedOnly({ hint, status }));
  }
}

function definedOnly<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> };
}
