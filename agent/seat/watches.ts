/**
 * What is watched once a second: the wall clock against the boot clock, the boot clock against one that stands still in suspend, and
 * whether the screens are alive. Plain state and arithmetic; what follows from a finding is for the caller.
 */
import type { Clock } from '../clock.ts';

/** A wall clock that moved this much against the boot clock was set, in milliseconds: no drift is that fast. */
export const CLOCK_STEP_MS = 5_000;
/** A machine whose clocks of time awake and of all time went apart by this much was asleep, in milliseconds: nothing else moves them apart. */
export const SLEPT_MS = 1_000;
/** Screens that asked nothing for this long are hung; they ask once a second, in milliseconds. */
export const UI_HANG_MS = 5_000;
/** An open seat without a report of activity for this long has lost its screens, in milliseconds. */
export const UI_SILENCE_MS = 5_000;

export class ClockWatch {
  readonly #clock: Clock;
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.wallMs() - clock.bootMs();
  }

  /** Whole seconds that the wall clock was set by since the last look; 0 when it was not. */
  stepped(): number {
    const offsetMs = this.#clock.wallMs() - this.#clock.bootMs();
    const movedMs = offsetMs - this.#offsetMs;
    if (Math.abs(movedMs) < CLOCK_STEP_MS) return 0;
    this.#offsetMs = offsetMs;
    return Math.trunc(movedMs / 1_000);
  }
}

/** Notices a suspend by itself: the screens tell of one only where the desktop tells them. */
export class SleepWatch {
  readonly #clock: Pick<Clock, 'bootMs'>;
  readonly #awakeMs: () => number;
  /** How long it was asleep in this boot, at most, when it was last seen to wake. */
  #asleepMs: number;

  /** @param awakeMs a monotonic clock that stands still in suspend */
  constructor(clock: Pick<Clock, 'bootMs'>, awakeMs: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#awakeMs = awakeMs;
    this.#asleepMs = this.#read().atMost;
  }

  /** Whether the machine was asleep since the last look. */
  slept(): boolean {
    const { atLeast, atMost } = this.#read();
    const hasSlept = atLeast - this.#asleepMs >= SLEPT_MS;
    this.#asleepMs = hasSlept ? atMost : Math.min(this.#asleepMs, atMost);
    return hasSlept;
  }

  /** By how much the clocks are apart. A process that had to wait between the readings must not take that for sleep. */
  #read(): { readonly atLeast: number; readonly atMost: number } {
    const before = this.#awakeMs();
    const bootMs = this.#clock.bootMs();
    return { atLeast: bootMs - this.#awakeMs(), atMost: bootMs - before };
  }
}

export class UiWatch {
  readonly #clock: Clock;
  #heardMs = 0;
  #activeMs = 0;
  #openedMs: number | null = null;
  connected = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  greeted(): void {
    this.connected = true;
    this.heard();
  }

  lost(): void {
    this.connected = false;
    this.#openedMs = null;
  }

  heard(): void {
    this.#heardMs = this.#clock.bootMs();
  }

  reported(): void {
    this.#activeMs = this.#clock.bootMs();
  }

  /** Nobody could ask or tell anything while the machine slept: their time begins anew. */
  woke(): void {
    this.heard();
    this.reported();
  }

  /** Why the screens count as lost, or null. @param isOpen whether the seat is open now */
  judge(isOpen: boolean): 'hung' | 'silent' | null {
    if (!this.connected) return null;
    const now = this.#clock.bootMs();
    if (now - this.#heardMs > UI_HANG_MS) return 'hung';
    if (!isOpen) {
      this.#openedMs = null;
      return null;
    }
    this.#openedMs ??= now;
    return now - Math.max(this.#activeMs, this.#openedMs) > UI_SILENCE_MS ? 'silent' : null;
  }
}
