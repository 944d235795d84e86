/**
 * Escape 40 for 20 seconds: ten workers against the session's walls, without a false deny and without a bypass.
 */
import { describe, expect } from 'vitest';
import { readOutcome, runWorkers } from '../support/escape-40.ts';
import { sessionTests } from '../support/in-session.ts';
import { rootTest } from '../support/root.ts';

const SECONDS = 20;
const session = sessionTests();

describe('ten workers that create and execute files', () => {
  rootTest('escape 40 in session: nothing runs that the policy does not name, and what it names always runs', async () => {
    expect(await runWorkers(session.seat, session.sessionId, SECONDS)).toMatchObject({ exitCode: 0 });
    const outcome = await readOutcome(session.written);
    expect(outcome).toMatchObject({ falseDenies: 0, bypasses: 0 });
    expect(outcome.allowed).toBeGreaterThan(SECONDS);
    expect(outcome.denied).toBeGreaterThan(SECONDS);
  });
});
