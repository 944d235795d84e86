/**
 * Slows down whoever guesses: attempts of one network are charged before they are looked at, so that those in parallel count one by
 * one, and past the limit of a window nothing is looked at any more. Attempts that succeed are taken back, so that IT can enrol a
 * whole ward behind one address.
 */
import { WardlockError } from '../../core/errors/index.ts';
import { elapsedMs } from '../services/clocks.ts';
import { networkOf } from '../services/networks.ts';

/** With more than these the one whose window is the oldest is forgotten. */
export const MOST_NETWORKS = 10_000;

export interface Attempt {
  /** Seconds to wait; 0 when the attempt may go on, which is then charged as one that failed. */
  readonly waitSeconds: number;
  /** Takes the charge back: it was no wrong guess. */
  refund(): void;
}

export interface GuessLimit {
  charge(address: string): Attempt;
}

interface Window {
  readonly since: number;
  charged: number;
}

export function guessLimit(most: number, windowMs: number, elapsed: () => number = elapsedMs): GuessLimit {
  /** In the order of their windows' beginnings. */
  const windows = new Map<string, Window>();
  const windowOf = (network: string): Window => {
    const known = windows.get(network);
    if (known !== undefined && elapsed() - known.since < windowMs) return known;
    const begun = { since: elapsed(), charged: 0 };
    windows.delete(network);
    const [oldest] = windows.keys();
    if (windows.size >= MOST_NETWORKS && oldest !== undefined) windows.delete(oldest);
    windows.set(network, begun);
    return begun;
  };
  return {
    charge: (address) => {
      const window = windowOf(networkOf(address));
      if (window.charged >= most) {
        const waitSeconds = Math.max(1, Math.ceil((window.since + windowMs - elapsed()) / 1000));
        return { waitSeconds, refund: () => undefined };
      }
      window.charged += 1;
      return {
        waitSeconds: 0,
        refund: () => {
          window.charged -= 1;
        },
      };
    },
  };
}

export function tooManyGuesses(seconds: number): WardlockError {
  return new WardlockError('SERVER_TOO_MANY', `Too many failed attempts from this address. Wait ${seconds} seconds.`);
}
