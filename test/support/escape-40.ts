/**
 * Escape 40 as a test: ten workers of an application create and execute files, for as long as the caller says.
 */
import { describe, expect } from 'vitest';
import { judgeWorkers, runWorkers } from '../../agent/drill/probes/workers.ts';
import { sessionTests } from './in-session.ts';
import { progress } from './progress.ts';
import { rootTest } from './root.ts';

const A_SECOND_MS = 1000;

/** The test itself, for so many seconds. */
export function escape40(seconds: number): void {
  const session = sessionTests();
  describe('ten workers that create and execute files', () => {
    rootTest('escape 40 in session: nothing runs that the policy does not name, and what it names always runs', async () => {
      const say = progress('seconds of ten workers', seconds);
      const began = performance.now();
      const ticker = setInterval(() => void say(Math.round((performance.now() - began) / A_SECOND_MS)), A_SECOND_MS);
      const outcome = await runWorkers(session, seconds).finally(() => clearInterval(ticker));
      expect(outcome).toMatchObject({ falseDenies: 0, bypasses: 0 });
      expect(judgeWorkers(outcome, seconds)).toBeNull();
    });
  });
}
