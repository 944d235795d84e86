/**
 * A seat's launcher with real throw-away users, for tests as root. Makes the users, opens one session, runs programs in it
 * and reads what they wrote, and leaves nothing behind.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { insideSession as insideCgroup } from '../../agent/drill/session.ts';
import { createLauncher, seatCgroupName } from '../../agent/launch/compose.ts';
import type { AppDenial, Launcher } from '../../agent/launch/port.ts';
import { cgroupMount } from '../../agent/os/cgroup.ts';
import { makeThrowAwayUsers, type OsUser, type ThrowAwayUsers } from '../../agent/os/users.ts';

export { named, runApp, startApp } from '../../agent/drill/session.ts';

export interface Seat {
  readonly launcher: Launcher;
  readonly ui: OsUser;
  readonly app: OsUser;
  /** The second user for applications, where the seat was opened with two. */
  readonly otherApp: OsUser | undefined;
  readonly state: string;
  /** What applications tried in vain, as it was reported. */
  readonly denials: readonly AppDenial[];
  close(): Promise<void>;
}

/** @param pool how many users applications have */
export async function openSeat(pool: 1 | 2 = 1): Promise<Seat> {
  const state = mkdtempSync(join(tmpdir(), 'wl-seat-'));
  const run = mkdtempSync(join(tmpdir(), 'wl-run-'));
  chmodSync(run, 0o711);
  const users: ThrowAwayUsers<'ui' | 'app-1' | 'app-2'> = await makeThrowAwayUsers({
    journal: join(state, 'users.json'),
    prefix: 'wltest',
    roles: ['ui', 'app-1', 'app-2'],
  });
  const { ui, 'app-1': app, 'app-2': second } = users.users;
  const otherApp = pool === 2 ? second : undefined;
  const denials: AppDenial[] = [];
  const launcher = await createLauncher({
    appUsers: otherApp === undefined ? [app] : [app, otherApp],
    uiUser: ui,
    stateFolder: state,
    runFolder: run,
    onDenied: (denial) => denials.push(denial),
    log: () => undefined,
  });
  const close = async (): Promise<void> => {
    await launcher.close();
    await users.remove();
    for (const folder of [state, run]) rmSync(folder, { recursive: true, force: true });
  };
  return { launcher, ui, app, otherApp, state, denials, close };
}

/** Where the cgroups of the sessions of a seat are. */
export async function sessionsCgroup(state: string): Promise<string> {
  return join((await cgroupMount()) ?? '', seatCgroupName(state), 'sessions');
}

/** The folder `path` of a session as root sees it from outside. */
export async function insideSession(state: string, sessionId: string, path: string): Promise<string> {
  return insideCgroup(await sessionsCgroup(state), sessionId, path);
}
