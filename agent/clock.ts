/**
 * The two clocks of the agent in milliseconds. `bootMs` is CLOCK_BOOTTIME: it goes on in suspend, nobody can set it, and it
 * starts again with each boot, which `bootId` names. `wallMs` can be set by anybody and is only written and shown.
 */
import { systemClock } from './store/clock.ts';

export interface Clock {
  readonly bootId: string;
  bootMs(): number;
  wallMs(): number;
}

const MICROS_PER_MS = 1_000;

/** The same clocks that the audit store states, so that the two can be compared. */
export function machineClock(): Clock {
  const clock = systemClock();
  return {
    bootId: clock.bootId(),
    bootMs: () => Math.floor(clock.bootMicros() / MICROS_PER_MS),
    wallMs: () => Math.floor(clock.wallMicros() / MICROS_PER_MS),
  };
}
