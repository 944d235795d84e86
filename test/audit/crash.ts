/**
 * Kills a real recording process again and again and holds the log against what it had acknowledged: nothing acknowledged
 * may be missing, and what else is there must be a prefix of what was asked for. Test helper only.
 */
import { expect } from 'vitest';
import { progress } from '../support/progress.ts';
import { acknowledged, startAppender, untilAcknowledged } from './appender-process.ts';
import { check } from './check.ts';
import type { StoreKit } from './store-kit.ts';

/** @param rotateEach a new epoch after so many events; by default after 7 to 11 */
export async function crashLoop(seat: StoreKit, rounds: number, rotateEach?: number): Promise<void> {
  const say = progress('killed and verified', rounds);
  let first = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = acknowledged(`${seat.dir}/acks`).size;
    const appender = startAppender(seat, {
      birth: round === 0 ? 'enrolment' : 'existing',
      first,
      appenders: 8,
      rotateEach: rotateEach ?? 7 + (round % 5),
    });
    await untilAcknowledged(appender, before + 20 + ((round * 37) % 90));
    await new Promise((resolve) => setTimeout(resolve, (round * 7) % 23));
    appender.child.kill('SIGKILL');
    expect(await appender.ended, appender.output()).toBe('SIGKILL');
    expect(appender.output(), `round ${round}`).toMatch(/^opened \d+ \n/);
    verifyAcknowledged(seat, `round ${round}`);
    first += ROUND_EVENTS;
    await say(round + 1);
  }
}

/** Rounds number their events from a multiple of this on. */
export const ROUND_EVENTS = 1_000_000;

/**
 * Every acknowledged event is at its place, the rest is a prefix of what was asked for, and the log verifies without a fault.
 *
 * @param asked `once` when no event was asked for a second time; `again` when one that was refused was, as an agent does. A refusal
 *   never says that the event is not on the disk, so that it may then stand there twice.
 */
export function verifyAcknowledged(seat: StoreKit, what: string, asked: 'once' | 'again' = 'once'): void {
  const { faults, events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  expect(faults, what).toEqual([]);
  const rounds = new Map<number, number[]>();
  for (const { type, body } of events.values()) {
    if (type !== 'session.locked') continue;
    const at = Number.parseInt(String(body['session']), 16);
    const round = Math.floor(at / ROUND_EVENTS);
    rounds.set(round, [...(rounds.get(round) ?? []), at]);
  }
  // Events are asked for in the order of their numbers: none is missing before the last one, and none stands there twice.
  for (const [round, numbers] of rounds) {
    const kept = asked === 'once' ? numbers : [...new Set(numbers)].toSorted((a, b) => a - b);
    expect(kept, `${what}: round ${round}`).toEqual(kept.map((_, index) => (kept[0] ?? 0) + index));
  }
  for (const [at, seq] of acknowledged(`${seat.dir}/acks`)) {
    expect(events.get(seq)?.body['session'], `${what}: event ${at} at ${seq}`).toBe(at.toString(16).padStart(32, '0'));
  }
}
