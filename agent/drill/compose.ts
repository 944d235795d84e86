/**
 * Puts a drill together: the real launcher with the agent's own layers, in a state folder of the drill's own, so that the sessions of
 * people are never touched. What a killed drill left is put back by the next one.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createLauncher, seatCgroupName } from '../launch/compose.ts';
import type { Launcher } from '../launch/port.ts';
import { cgroupMount } from '../os/cgroup.ts';
import { makeThrowAwayUsers } from '../os/users.ts';
import { type Attempt, inSession } from './play.ts';
import type { Probe } from './probe.ts';
import { borderProbes } from './probes/borders.ts';
import { changeProbes } from './probes/changes.ts';
import { programProbes } from './probes/programs.ts';
import { systemAttempts } from './probes/system.ts';
import { type DrillSession, drillSession } from './session.ts';

/** Gone at the next boot, as what it remembers. */
const RUN = '/run';
const PROGRAMS = '/opt';
const PASS_THROUGH = 0o711;
const READABLE = 0o755;
const SESSION_ID_BYTES = 16;
const NO_SESSIONS = 'Only root on Linux can open a session that is shut in.';

export interface DrillSeat {
  readonly launcher: Launcher;
  /** Opens a session, lets `use` try its way out, and ends it whole. */
  withSession<T>(use: (session: DrillSession) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens a seat for a drill.
 * @param seatState the seat's state folder, which sessions must not see; it also tells the drills of two seats apart
 */
export async function openDrillSeat(seatState: string): Promise<DrillSeat> {
  const name = seatCgroupName(seatState).replace('wardlock-', 'wardlock-drill-');
  const state = join(RUN, name);
  const programs = join(PROGRAMS, name);
  const runFolder = join(state, 'run');
  rmSync(programs, { recursive: true, force: true });
  mkdirSync(runFolder, { recursive: true });
  mkdirSync(programs, { recursive: true });
  chmodSync(programs, READABLE);
  for (const folder of [state, runFolder]) chmodSync(folder, PASS_THROUGH);
  // Not the seat's own: whoever signs in meanwhile works with those, and the end of a session ends all that its user runs.
  const made = await makeThrowAwayUsers({ journal: join(state, 'users.json'), prefix: 'wldrill', roles: ['ui', 'app'] });
  const launcher = await createLauncher({
    appUsers: [made.users.app],
    uiUser: made.users.ui,
    stateFolder: state,
    runFolder,
    hide: [seatState],
    log: () => undefined,
  });
  const sessionsCgroup = join((await cgroupMount()) ?? '', seatCgroupName(state), 'sessions');
  let isClosed = false;
  return {
    launcher,
    withSession: async (use) => {
      // A drill that ends early has attempts to go: none of them may make anew what was just taken away.
      if (isClosed) throw new Error('The drill was ended.');
      const sessionId = randomBytes(SESSION_ID_BYTES).toString('hex');
      launcher.openSession({ sessionId });
      try {
        return await use(drillSession({ launcher, state, sessionId: () => sessionId, programs: () => programs, sessionsCgroup }));
      } finally {
        await launcher.endSession(sessionId);
      }
    },
    close: async () => {
      isClosed = true;
      await launcher.close();
      await made.remove();
      for (const folder of [state, programs]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What can be tried from inside a session; without a seat to open one on, it is left out. */
export function sessionAttempts(seat: DrillSeat | null): readonly Attempt[] {
  const probes: readonly Probe[] = [...programProbes, ...changeProbes, ...borderProbes];
  return probes.map((probe) =>
    seat === null ? { ...probe, leftOut: NO_SESSIONS, play: async () => null } : inSession(probe, (use) => seat.withSession(use)),
  );
}

/** What is looked at without a session. */
export function seatAttempts(isGuarded: boolean): readonly Attempt[] {
  return systemAttempts(isGuarded);
}
