/**
 * When the writer commits what waits. A caller that asks again as soon as it was answered, or that is alone, is served within its own turn of the
 * event loop: a turn costs a tenth of a durable commit. Where several ask in one turn they wait for its end and share a commit. Owns that
 * choice; must never keep the event loop for longer than HOLD_MS of commits, because timers, the head anchor and sockets wait meanwhile.
 */

/**
 * How long commits may follow each other within one turn: a tenth of the time in which an urgent head is anchored. With 5 ms the next epoch's
 * key, whose files take a dozen turns, was late in a flood and commits waited for it.
 */
export const HOLD_MS = 2;

export class CommitTurn {
  readonly #now: () => number;
  /** When the first commit of this turn was asked for. */
  #since: number | undefined;
  /** True while those who were just answered go on: what they ask for now, nobody else has been waiting beside. */
  #answering = false;

  /** @param now a monotonic clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Runs the work after everything that the present caller asks for: at once, or at the end of the turn. */
  soon(work: () => void): void {
    if (this.#mayBeNow()) queueMicrotask(work);
    else setImmediate(work);
  }

  /** Those who waited were answered: until they have nothing more to do, who asks is one of them. */
  answered(): void {
    if (this.#answering) return;
    this.#answering = true;
    // A tick that was asked for by a microtask comes when no microtask is left: then all of them have gone on.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#answering = false;
      }),
    );
  }

  #mayBeNow(): boolean {
    if (this.#since === undefined) {
      this.#since = this.#now();
      setImmediate(() => {
        this.#since = undefined;
      });
      return true;
    }
    return this.#answering && this.#now() - this.#since < HOLD_MS;
  }
}
