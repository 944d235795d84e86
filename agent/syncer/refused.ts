/** A refusal by the server as an error: its code, and how long it asked to be left alone. */
import { type ErrorCode, WardlockError } from '../../core/errors/index.ts';

export class RefusedByServer extends WardlockError {
  readonly status: number;
  readonly retryAfterMs: number | null;

  constructor(
    code: ErrorCode,
    message: string,
    { status, retryAfterMs }: { readonly status: number; readonly retryAfterMs: number | null },
  ) {
    super(code, message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}
