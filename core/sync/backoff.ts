/**
 * How long to wait after failures: full jitter (Brooker, "Exponential Backoff and Jitter"), so that a thousand seats that
 * lost the same server do not come back together. Pure: randomness comes in as a number.
 */
export const BACKOFF_BASE_MS = 1000;
export const BACKOFF_CAP_MS = 900_000;
/** An answer's Retry-After is obeyed up to this; a server that says "next year" is not. */
export const RETRY_AFTER_CAP_MS = 3_600_000;

/**
 * How long to wait: at random below a ceiling that doubles from 1 s to 15 min.
 * @param failures consecutive failures, at least 1
 * @param random in [0, 1)
 * @param retryAfterMs what the server asked for, or null; the jitter comes on top of it
 * @returns milliseconds
 */
export function backoffDelay(failures: number, random: number, retryAfterMs: number | null): number {
  const ceiling = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(failures, 30));
  const asked = retryAfterMs === null ? 0 : Math.min(Math.max(retryAfterMs, 0), RETRY_AFTER_CAP_MS);
  return Math.floor(asked + random * ceiling);
}

/** Retry-After in seconds (RFC 9110, 10.2.3); the date form is not sent by this server and counts as nothing. */
export function parseRetryAfter(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,7}$/.test(header) ? Number(header) * 1000 : null;
}
