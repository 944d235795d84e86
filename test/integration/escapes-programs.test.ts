/**
 * Ways out by programs, numbered as in the list of escapes: the same probes that the drill plays on a seat, each in a real session
 * against the real kernel. Passed means that nothing ran, and nothing answered, that the policy does not name.
 */
import { describe, expect } from 'vitest';
import { borderProbes } from '../../agent/drill/probes/borders.ts';
import { changeProbes } from '../../agent/drill/probes/changes.ts';
import { programProbes } from '../../agent/drill/probes/programs.ts';
import { sessionTests } from '../support/in-session.ts';
import { rootTest } from '../support/root.ts';

/** Ten workers take their time: test/deep/escape-40.test.ts. */
const ELSEWHERE = 40;
const session = sessionTests();

describe('a way out of a session', () => {
  for (const { escape, what, attempt } of [...changeProbes, ...programProbes, ...borderProbes]) {
    if (escape === ELSEWHERE) continue;
    rootTest(`escape ${escape} in session: ${what}`, async () => {
      expect(await attempt(session)).toBeNull();
    });
  }
});
