/**
 * Keeps the keys of a badge reader from an application, key by key: what may still be a badge waits in order, and goes on as it came
 * when a person typed it. Pure: keys and times come in, what goes on comes out. Must never lose, double or reorder a person's
 * keys, and never let a key of a badge through; a key that was kept is kept with its release.
 */
import { releaseDue, WEDGE_IDLE, type WedgeKey, type WedgeRhythm, type WedgeState, type WedgeStep, wedgeKey } from './wedge.ts';

export interface HeldKeysPorts<E> {
  readonly forward: (event: E) => void;
  /** A whole burst: the number of a badge, or null for more than any badge holds. */
  readonly badge: (number: string | null) => void;
  /** By what a reader is told from a person now. */
  readonly rhythm: () => WedgeRhythm;
}

interface Waiting<E> {
  readonly event: E;
  readonly code: number;
  readonly isPress: boolean;
  /** False for what says nothing about the rhythm, such as Shift: that goes on in any case, or it would stay down. */
  readonly mayBeBadge: boolean;
}

export class HeldKeys<E> {
  readonly #ports: HeldKeysPorts<E>;
  #wedge: WedgeState = WEDGE_IDLE;
  #waiting: Waiting<E>[] = [];
  /** Keys that are down and whose press was kept for good. */
  readonly #swallowed = new Set<number>();
  #due: number | null = null;

  constructor(ports: HeldKeysPorts<E>) {
    this.#ports = ports;
  }

  /** When to call `elapsed`, on the clock of the keys in milliseconds; null while nothing waits. */
  get due(): number | null {
    return this.#due;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** @param key what was typed; undefined for keys that say nothing about the rhythm, such as Shift @param at milliseconds on a monotonic clock */
  press(code: number, key: WedgeKey | undefined, event: E, at: number): void {
    this.#swallowed.delete(code);
    if (key === undefined) {
      this.#pass(code, event, true);
      return;
    }
    const former = this.#wedge;
    const step = wedgeKey(former, key, at, this.#ports.rhythm());
    this.#settle(former, step);
    if (!step.hold) this.#ports.forward(event);
    // The end of a badge, and what is beyond the longest one, will never be let go.
    else if (step.state.held === '' || step.state.dropped > 0) this.#swallowed.add(code);
    else this.#waiting.push({ event, code, isPress: true, mayBeBadge: true });
  }

  /** A key that is for whoever stands before the application: it is kept with its release. */
  keep(code: number): void {
    this.leave();
    this.#swallowed.add(code);
  }

  release(code: number, event: E): void {
    if (this.#swallowed.delete(code)) return;
    const isHeld = this.#waiting.some((one) => one.mayBeBadge && one.isPress && one.code === code);
    if (isHeld) this.#waiting.push({ event, code, isPress: false, mayBeBadge: true });
    else this.#pass(code, event, false);
  }

  /** A key that stays down repeats itself: no reader does that. */
  repeat(code: number, events: readonly E[], at: number): void {
    if (this.#swallowed.has(code)) return;
    const former = this.#wedge;
    this.#settle(former, wedgeKey(former, { kind: 'other' }, at, this.#ports.rhythm()));
    for (const event of events) this.#ports.forward(event);
  }

  /** No key came until `at`. */
  elapsed(at: number): void {
    const former = this.#wedge;
    this.#settle(former, releaseDue(former, at, this.#ports.rhythm()));
  }

  /** Whoever typed goes on elsewhere: what waits goes to where it was typed, unless it is more than any person types at once. */
  leave(): void {
    const isOverlong = this.#wedge.dropped > 0;
    this.#wedge = WEDGE_IDLE;
    this.#due = null;
    if (isOverlong) {
      this.#discard();
      this.#ports.badge(null);
    } else this.#letGo();
  }

  #pass(code: number, event: E, isPress: boolean): void {
    if (this.#waiting.length === 0) this.#ports.forward(event);
    else this.#waiting.push({ event, code, isPress, mayBeBadge: false });
  }

  #settle(former: WedgeState, { state, release, badge, due }: WedgeStep): void {
    this.#wedge = state;
    this.#due = due;
    const goesOn = state.held !== '' && (state.held.length > former.held.length || state.dropped > former.dropped || state === former);
    if (goesOn) return;
    if (release === '') this.#discard();
    else this.#letGo();
    if (badge !== null) this.#ports.badge(badge === 'overlong' ? null : badge.number);
  }

  #letGo(): void {
    for (const { event } of this.#waiting.splice(0)) this.#ports.forward(event);
  }

  #discard(): void {
    for (const { event, code, isPress, mayBeBadge } of this.#waiting.splice(0)) {
      if (!mayBeBadge) this.#ports.forward(event);
      else if (isPress) this.#swallowed.add(code);
      else this.#swallowed.delete(code);
    }
  }
}
