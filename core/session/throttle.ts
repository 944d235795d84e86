/**
 * The limit on guessing a PIN at one seat (NIST SP 800-63B, 5.2.2: throttling). It owns the arithmetic only; the runtime
 * makes each charge durable before the PIN is looked at, so that a power cut never gives a guess back.
 */

/** What a seat remembers of one person's failures. Everything here is stored. */
export interface Throttle {
  /** The PIN that was guessed at; another PIN starts afresh. */
  readonly pinId: string;
  /** Failures since the last right PIN. */
  readonly failures: number;
  /** Whole length of the wait that the last failure began; 0 for none. */
  readonly waitMs: number;
  /** When that wait ends, by the boot clock of `bootId`. */
  readonly waitUntilBootMs: number;
  /** Which boot `waitUntilBootMs` counts from. */
  readonly bootId: string;
}

/** Failures that cost no wait: people mistype. */
export const FREE_FAILURES = 2;
/** Wrong PINs in a row of one person at all seats together; from then on only a new PIN helps (NIST SP 800-63B, 5.2.2). */
export const MOST_FAILURES_IN_SUM = 100;
/** No wait is longer than this, in milliseconds. */
export const WAIT_CAP_MS = 3_600_000;

export interface GuessLimits {
  readonly maxFailures: number;
  readonly firstWaitMs: number;
  /** Wrong PINs in a row at other seats, against the same PIN, as far as the server has told. */
  readonly elsewhere?: number;
}

export type GuessVerdict =
  | { readonly may: true; readonly triesLeft: number }
  | { readonly may: false; readonly why: 'wait'; readonly waitMs: number; readonly triesLeft: number }
  | { readonly may: false; readonly why: 'blocked'; readonly triesLeft: 0 };

/** Whether this person may try a PIN now. */
export function mayGuess(throttle: Throttle | undefined, pinId: string, limits: GuessLimits, bootMs: number): GuessVerdict {
  const elsewhere = limits.elsewhere ?? 0;
  const here = throttle?.pinId === pinId ? throttle.failures : 0;
  const triesLeft = Math.max(0, Math.min(limits.maxFailures - here, MOST_FAILURES_IN_SUM - here - elsewhere));
  if (triesLeft === 0) return { may: false, why: 'blocked', triesLeft };
  if (throttle === undefined || throttle.pinId !== pinId) return { may: true, triesLeft };
  const waitMs = throttle.waitUntilBootMs - bootMs;
  return waitMs > 0 ? { may: false, why: 'wait', waitMs, triesLeft } : { may: true, triesLeft };
}

/** The throttle as it must be stored before the PIN is checked: as if the PIN were wrong. */
export function charge(
  throttle: Throttle | undefined,
  pinId: string,
  limits: GuessLimits,
  now: { bootMs: number; bootId: string },
): Throttle {
  const failures = (throttle?.pinId === pinId ? throttle.failures : 0) + 1;
  const waitMs = waitAfter(failures, limits.firstWaitMs);
  return { pinId, failures, waitMs, waitUntilBootMs: now.bootMs + waitMs, bootId: now.bootId };
}

/** When the last failure was, by the boot clock; after a reboot no earlier than that. */
export const chargedAt = ({ waitUntilBootMs, waitMs }: Throttle): number => waitUntilBootMs - waitMs;

/** The wait after so many failures: none at first, then the first wait, doubled with each one more. */
export function waitAfter(failures: number, firstWaitMs: number): number {
  if (failures <= FREE_FAILURES) return 0;
  return Math.min(WAIT_CAP_MS, firstWaitMs * 2 ** (failures - FREE_FAILURES - 1));
}

/**
 * A stored throttle at start-up. In the same boot the boot clock went on and what remains of the wait remains; after a
 * reboot nobody knows how long the machine was off, so the wait starts whole.
 */
export function restored(throttle: Throttle, now: { bootMs: number; bootId: string }): Throttle {
  if (throttle.bootId === now.bootId) return throttle;
  return { ...throttle, waitUntilBootMs: now.bootMs + throttle.waitMs, bootId: now.bootId };
}
