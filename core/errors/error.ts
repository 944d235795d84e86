/**
 * The one error type that crosses a boundary in Wardlock. It owns the shape of a coded error and nothing else:
 * an expected outcome is a value, so whoever throws this says that input was refused or an invariant broke.
 */
import { type ErrorCode, errorMeanings } from './codes.ts';

/** What a coded error looks like on a wire. `code` is stable; `message` is a plain sentence for a person. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
}

export class WardlockError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code one of the closed union in `core/errors/codes.ts`; docs/errors.md explains each
   * @param message a plain sentence that says what is wrong and what to do; defaults to the code's own meaning
   * @param options `cause` is the lower error and is never shown to a person
   */
  constructor(code: ErrorCode, message?: string, options?: { readonly cause?: unknown }) {
    super(message ?? errorMeanings[code], options);
    this.name = 'WardlockError';
    this.code = code;
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message };
  }
}

export function isWardlockError(value: unknown): value is WardlockError {
  return value instanceof WardlockError;
}
