/** The limit on guessing in sum: seats that were offline guess alone; once they have told each other, nobody guesses beyond it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MOST_FAILURES_IN_SUM } from './throttle.ts';
import { person, rules, World } from './world.ts';

const ada = person('ada');
/** Enough seats to guess more than the sum allows while all of them are offline. */
const SEATS = 14;
const MAX_FAILURES = 10;

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('guess' as const), seat: fc.nat(SEATS - 1), times: fc.integer({ min: 1, max: 10 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const), seat: fc.nat(SEATS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reboot' as const), seat: fc.nat(SEATS - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('clock' as const), seat: fc.nat(SEATS - 1), ms: fc.integer({ min: -9e11, max: 9e11 }) }),
  },
);

const failuresAt = (world: World): number => world.seat.common.throttles['ada']?.failures ?? 0;

function guess(world: World): void {
  // Past any wait: what is tried here is the sum.
  world.advance(3_600_000);
  world.tap(ada);
  world.send({ type: 'PinEntered', pin: '0000' });
  world.settleGuess(false);
  world.send({ type: 'CancelPressed' });
  world.settle();
}

/** What the server tells this seat: the sum of all others, against the same PIN. */
function merge(worlds: readonly World[], at: number): void {
  const world = worlds[at];
  if (world === undefined) return;
  const failuresElsewhere = worlds.reduce((sum, other) => (other === world ? sum : sum + failuresAt(other)), 0);
  world.facts = { ada: { pinId: 'pin-ada', failuresElsewhere, rightBootMs: null, askedBootMs: world.bootMs } };
}

test('ten in a row at a seat over reboots and clocks, a hundred in sum as far as seats have told each other', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      const worlds = Array.from({ length: SEATS }, () => new World());
      for (const world of worlds) world.rules = { ...rules, pin: { ...rules.pin, maxFailures: MAX_FAILURES } };
      for (const one of steps) {
        const world = worlds[one.seat];
        if (world === undefined) continue;
        if (one.kind === 'merge') merge(worlds, one.seat);
        if (one.kind === 'reboot') world.restart(true);
        if (one.kind === 'clock') {
          world.wallMs += one.ms;
          world.send({ type: 'ClockStepped', seconds: Math.trunc(one.ms / 1000) });
        }
        for (let time = 0; one.kind === 'guess' && time < one.times; time += 1) {
          const [before, told] = [failuresAt(world), world.facts['ada']?.failuresElsewhere ?? 0];
          guess(world);
          const isTaken = failuresAt(world) > before;
          expect(isTaken).toBe(before < MAX_FAILURES && before + told < MOST_FAILURES_IN_SUM);
        }
      }
      // All have told each other: whatever was guessed alone, nobody guesses on beyond the sum.
      for (const at of worlds.keys()) merge(worlds, at);
      const sum = worlds.reduce((all, world) => all + failuresAt(world), 0);
      for (const world of worlds) {
        const before = failuresAt(world);
        if (sum < MOST_FAILURES_IN_SUM) continue;
        guess(world);
        expect(failuresAt(world)).toBe(before);
      }
    }),
    { numRuns: 30 },
  );
});
