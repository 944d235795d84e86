/**
 * Kills a real recording process again and again and holds the log against what it had acknowledged: nothing acknowledged
 * may be missing, and what else is there must be a prefix of what was asked for. Test helper only.
 */
import { expect } from 'vitest';
import { acknowledged, startAppender, untilAcknowledged } from './appender-process.ts';
import { check } from './check.ts';
import type { StoreKit } from './store-kit.ts';

export async function crashLoop(seat: StoreKit, rounds: number): Promise<void> {
  let first = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = acknowledged(`${seat.dir}/acks`).size;
    const appender = startAppender(seat, {
      birth: round === 0 ? 'enrolment' : 'existing',
      first,
      appenders: 8,
      rotateEach: 7 + (round % 5),
    });
    await untilAcknowledged(appender, before + 20 + ((round * 37) % 90));
    await new Promise((resolve) => setTimeout(resolve, (round * 7) % 23));
    appender.child.kill('SIGKILL');
    expect(await appender.ended, appender.output()).toBe('SIGKILL');
    expect(appender.output(), `round ${round}`).toMatch(/^opened \d+ \n/);
    verifyAcknowledged(seat, `round ${round}`);
    first += 1_000_000;
  }
}

/** Every acknowledged event is at its place, and the log verifies without a fault. */
export function verifyAcknowledged(seat: StoreKit, what: string): void {
  const { faults, events } = check(seat.storeDir, seat, { privateKey: seat.readerKey });
  expect(faults, what).toEqual([]);
  for (const [at, seq] of acknowledged(`${seat.dir}/acks`)) {
    expect(events.get(seq)?.body['session'], `${what}: event ${at} at ${seq}`).toBe(at.toString(16).padStart(32, '0'));
  }
}
