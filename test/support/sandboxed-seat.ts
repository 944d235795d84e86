/**
 * A seat's launcher with real throw-away users, for tests as root. Makes the users, opens one session, runs programs in it
 * and reads what they wrote, and leaves nothing behind.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLauncher, seatCgroupName } from '../../agent/launch/compose.ts';
import type { AppDenial, AppExit, Launcher, LaunchRefusal, LaunchSpec, StartedApp } from '../../agent/launch/port.ts';
import { cgroupMount } from '../../agent/os/cgroup.ts';
import { makeThrowAwayUsers, type OsUser, type ThrowAwayUsers } from '../../agent/os/users.ts';

export interface Seat {
  readonly launcher: Launcher;
  readonly ui: OsUser;
  readonly app: OsUser;
  readonly state: string;
  /** What applications tried in vain, as it was reported. */
  readonly denials: readonly AppDenial[];
  close(): Promise<void>;
}

/** A program by its present content, as a policy would name it. */
export function named(path: string): { readonly path: string; readonly sha256: string } {
  const real = realpathSync(path);
  return { path: real, sha256: createHash('sha256').update(readFileSync(real)).digest('hex') };
}

export async function openSeat(): Promise<Seat> {
  const state = mkdtempSync(join(tmpdir(), 'wl-seat-'));
  const run = mkdtempSync(join(tmpdir(), 'wl-run-'));
  chmodSync(run, 0o711);
  const users: ThrowAwayUsers<'ui' | 'app-1'> = await makeThrowAwayUsers({
    journal: join(state, 'users.json'),
    prefix: 'wltest',
    roles: ['ui', 'app-1'],
  });
  const { ui, 'app-1': app } = users.users;
  const denials: AppDenial[] = [];
  const launcher = await createLauncher({
    appUser: app,
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
  return { launcher, ui, app, state, denials, close };
}

/** Starts an application and waits for its end. */
export async function runApp(launcher: Launcher, spec: LaunchSpec): Promise<AppExit | LaunchRefusal> {
  const { promise, resolve } = Promise.withResolvers<AppExit>();
  const started = await startApp(launcher, spec, resolve);
  return started.ok ? promise : started;
}

/** Prepares and starts an application. */
export async function startApp(
  launcher: Launcher,
  spec: LaunchSpec,
  onExit: (exit: AppExit) => void = () => undefined,
): Promise<StartedApp | LaunchRefusal> {
  const prepared = await launcher.prepare(spec);
  return prepared.ok ? launcher.start(prepared, onExit) : prepared;
}

/** The folder `path` of a session as root sees it from outside. */
export async function insideSession(state: string, sessionId: string, path: string): Promise<string> {
  const mount = await cgroupMount();
  const procs = readFileSync(join(mount ?? '', seatCgroupName(state), 'sessions', sessionId, 'cgroup.procs'), 'utf8');
  return `/proc/${procs.split('\n')[0]}/root${path}`;
}
