/**
 * Timers by the boot clock. A plain timeout stands still in suspend; so what is due is looked up on each tick, and a timer
 * that fell due during a suspend fires right after it. It owns one interval and must be closed.
 */
import type { TimerName } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';

/** Nothing that a person waits for is later than this, in milliseconds. */
export const TICK_MS = 1_000;

export class Timers {
  readonly #clock: Clock;
  readonly #fire: (timer: TimerName) => void;
  readonly #due = new Map<TimerName, number>();
  readonly #tick: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;

  constructor(clock: Clock, fire: (timer: TimerName) => void, onTick: () => void) {
    this.#clock = clock;
    this.#fire = fire;
    this.#tick = setInterval(() => {
      this.#fireDue();
      onTick();
    }, TICK_MS);
  }

  set(timer: TimerName, atBootMs: number): void {
    this.#due.set(timer, atBootMs);
    this.#aim();
  }

  clear(timer: TimerName): void {
    this.#due.delete(timer);
  }

  close(): void {
    clearInterval(this.#tick);
    clearTimeout(this.#soon);
    this.#due.clear();
  }

  /** For what is due before the next tick. */
  #aim(): void {
    clearTimeout(this.#soon);
    const next = Math.min(...this.#due.values()) - this.#clock.bootMs();
    if (next < TICK_MS) this.#soon = setTimeout(() => this.#fireDue(), Math.max(0, next) + 1);
  }

  #fireDue(): void {
    const now = this.#clock.bootMs();
    const due = [...this.#due].filter(([, at]) => at <= now).sort((a, b) => a[1] - b[1]);
    for (const [timer, at] of due) {
      // One that fired before it may have cleared it, or set it for later.
      if (this.#due.get(timer) !== at) continue;
      this.#due.delete(timer);
      this.#fire(timer);
    }
    if (this.#due.size > 0) this.#aim();
  }
}
