/**
 * Slows down whoever guesses: failed attempts of one address are counted in a window, and past the limit nothing is looked
 * at any more. Attempts that succeed cost nothing, so that IT can enrol a whole ward behind one address.
 */
import { WardlockError } from '../../core/errors/index.ts';

const MOST_ADDRESSES = 10_000;

export interface GuessLimit {
  /** Seconds to wait; 0 when the address may try. */
  waitOf(address: string): number;
  failed(address: string): void;
}

export function guessLimit(most: number, windowMs: number, now: () => number): GuessLimit {
  const failures = new Map<string, { count: number; since: number }>();
  const present = (address: string): { count: number; since: number } => {
    const known = failures.get(address);
    return known !== undefined && now() - known.since < windowMs ? known : { count: 0, since: now() };
  };
  return {
    waitOf: (address) => {
      const { count, since } = present(address);
      return count < most ? 0 : Math.max(1, Math.ceil((since + windowMs - now()) / 1000));
    },
    failed: (address) => {
      const { count, since } = present(address);
      if (failures.size >= MOST_ADDRESSES) failures.clear();
      failures.set(address, { count: count + 1, since });
    },
  };
}

export function tooManyGuesses(seconds: number): WardlockError {
  return new WardlockError('SERVER_TOO_MANY', `Too many failed attempts from this address. Wait ${seconds} seconds.`);
}
