/**
 * How the readers of this seat are, in the one word that the lock screen turns into a sentence, and which changes of it are worth an
 * event. Pure: times come in.
 */
import type { ReaderState, ReadersReport } from './port.ts';

/** A state that changes again within this time is no event, in milliseconds: a plug that is being pushed in, a service that restarts. */
export const SETTLED_MS = 2_000;

export interface Expectation {
  /** The policy says that a reader belongs to this seat: none is then a missing one. */
  readonly isExpected: boolean;
}

export class ReaderHealth {
  readonly #readers = new Map<string, 'ok' | 'frozen' | 'ghost'>();
  #isUp = false;
  #isFrozen = false;
  #lastName: string | null = null;
  /** The last state that was told as an event, and a newer one that has to settle. */
  #told: ReaderState = 'none';
  #pending: { readonly state: ReaderState; readonly sinceMs: number } | null = null;

  service(isUp: boolean): void {
    this.#isUp = isUp;
    if (isUp) return;
    this.#isFrozen = false;
    this.#readers.clear();
  }

  plugged(reader: string, isThere: boolean): void {
    if (!isThere) {
      this.#readers.delete(reader);
      return;
    }
    this.#lastName = reader;
    // What froze shows by an answer that it lives again.
    if (!this.#readers.has(reader)) this.#readers.set(reader, this.#isFrozen ? 'frozen' : 'ok');
  }

  hung(reader: string | null, doing: 'reading' | 'probing'): void {
    if (reader !== null && doing === 'reading') this.#readers.set(reader, 'ghost');
    else this.#isFrozen = true;
  }

  /** The service or a reader answered what it was asked. */
  alive(): void {
    this.#isFrozen = false;
    for (const [name, state] of this.#readers) if (state === 'frozen') this.#readers.set(name, 'ok');
  }

  /** The card that did not answer was taken away, or another one did. */
  answered(reader: string): void {
    if (this.#readers.has(reader)) this.#readers.set(reader, 'ok');
  }

  report({ isExpected }: Expectation): ReadersReport {
    const readers = [...this.#readers].map(([name, state]) => ({ name, state }));
    const worst = readers.find(({ state }) => state === 'frozen') ?? readers.find(({ state }) => state === 'ghost') ?? readers[0];
    const isKnown = isExpected || this.#lastName !== null;
    const missing = this.#isUp ? 'absent' : 'stopped';
    const state: ReaderState = this.#isFrozen ? 'frozen' : (worst?.state ?? (isKnown ? missing : 'none'));
    return { state, name: worst?.name ?? this.#lastName ?? 'No reader seen yet', readers };
  }

  /** The state to write down now, or null. */
  settled(now: ReaderState, nowMs: number): ReaderState | null {
    if (now === this.#told) this.#pending = null;
    else if (this.#pending?.state !== now) this.#pending = { state: now, sinceMs: nowMs };
    if (this.#pending === null || nowMs - this.#pending.sinceMs < SETTLED_MS) return null;
    this.#told = now;
    this.#pending = null;
    return now;
  }
}
