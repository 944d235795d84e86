/**
 * Hooks for test files that run programs inside real sessions: one seat a file, a fresh session for every test, and the drill's short
 * ways to run a shell or Perl script in it as an application. Without root the hooks do nothing; the tests are skipped.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type DrillSession, drillSession } from '../../agent/drill/session.ts';
import { isLinuxRoot } from './root.ts';
import { openSeat, type Seat, sessionsCgroup } from './sandboxed-seat.ts';

export { CANNOT_EXECUTE, PERL, SHELL } from '../../agent/drill/session.ts';

const SESSION_ID_DIGITS = 32;

export interface SessionTests extends DrillSession {
  readonly seat: Seat;
}

export function sessionTests(): SessionTests {
  let seat: Seat | undefined;
  let session: DrillSession | undefined;
  let sessions = 0;
  let programs = '';

  beforeAll(async () => {
    if (!isLinuxRoot) return;
    seat = await openSeat();
    programs = mkdtempSync('/opt/wl-test-');
    chmodSync(programs, 0o755);
    const { launcher, state } = seat;
    session = drillSession({ launcher, state, sessionId, programs: () => programs, sessionsCgroup: await sessionsCgroup(state) });
  });
  afterAll(async () => {
    await seat?.close();
    if (programs !== '') rmSync(programs, { recursive: true, force: true });
  });
  const sessionId = (): string => sessions.toString(16).padStart(SESSION_ID_DIGITS, '0');
  beforeEach(() => {
    sessions += 1;
    seat?.launcher.openSession({ sessionId: sessionId() });
  });
  afterEach(async () => {
    await seat?.launcher.endSession(sessionId());
  });

  const opened = (): { readonly seat: Seat; readonly session: DrillSession } => {
    if (seat === undefined || session === undefined) throw new Error('There is no seat: this test must be skipped without root.');
    return { seat, session };
  };
  return {
    get seat() {
      return opened().seat;
    },
    get launcher() {
      return opened().seat.launcher;
    },
    get state() {
      return opened().seat.state;
    },
    get sessionId() {
      return sessionId();
    },
    get programs() {
      return programs;
    },
    app: (...args) => opened().session.app(...args),
    run: (spec) => opened().session.run(spec),
    shell: (...args) => opened().session.shell(...args),
    perl: (...args) => opened().session.perl(...args),
    written: (file) => opened().session.written(file),
    again: () => opened().session.again(),
  };
}
