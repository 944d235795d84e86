/**
 * Proves the layers before anyone relies on them: one sandbox is set up, a program in it is denied its own loader, and the
 * denial is waited for. Starts nothing that could do anything.
 */
import { closeSync, openSync } from 'node:fs';
import type { DenialReports } from '../denials/reports.ts';
import type { AppUser } from '../port.ts';
import { heldFile } from './held.ts';
import { Sandbox } from './sandbox.ts';
import { makeSessionGroup, type SeatCgroups } from './seat-cgroups.ts';
import type { UserPool } from './user-pool.ts';

/** What the trial showed. */
export interface Trial {
  /** Why a session can't be shut in, `undefined` when it can. */
  readonly failure: string | undefined;
  /** Whether the denial that the trial caused was reported. */
  readonly isReported: boolean;
  /** Whether sessions have a network of their own, with nothing in it. */
  readonly hasOwnNetwork: boolean;
}

/** For a trial that asks whether programs are held, not whether it is reported: the reports go on to whoever has them. */
const UNREPORTED = { isListening: false, tell: () => undefined };

const PROGRAM = '/bin/true';
const REPORT_LIMIT_MS = 2_000;

/** @throws what setting up a sandbox throws */
export async function tryLayers(user: AppUser, groups: SeatCgroups, reports: Pick<DenialReports, 'tell' | 'isListening'>): Promise<Trial> {
  const denied = new Set<number>();
  const report = Promise.withResolvers<void>();
  let awaited: number | undefined;
  reports.tell(({ domainPid }) => {
    denied.add(domainPid);
    if (domainPid === awaited) report.resolve();
  });
  const sandbox = await Sandbox.open({
    user,
    group: await makeSessionGroup(groups, 'trial'),
    controllers: groups.controllers,
    hide: [],
    readable: async () => [],
    needsOwnNetwork: false,
  });
  const pid = await startDenied(sandbox, user);
  awaited = pid;
  const isReported = pid !== undefined && reports.isListening && (denied.has(pid) || (await within(report.promise, REPORT_LIMIT_MS)));
  const hasOwnNetwork = sandbox.hasOwnNetwork();
  const isEnded = await sandbox.end();
  if (pid === undefined) return { failure: 'a program ran that the trial had denied', isReported, hasOwnNetwork };
  return { failure: isEnded ? undefined : 'the trial session could not be ended', isReported, hasOwnNetwork };
}

/**
 * Tries the layers anew while the seat runs. Why a session can't be shut in, `undefined` when it can; `null` where no user is free to
 * try it with.
 */
export async function tryAgain(users: UserPool, groups: SeatCgroups): Promise<string | undefined | null> {
  const user = await users.take().catch(() => null);
  if (user === null) return null;
  try {
    return (await tryLayers(user, groups, UNREPORTED)).failure;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  } finally {
    users.release(user);
  }
}

/** Tries to start a program without the right to its loader. The pid that was denied, `undefined` when it ran all the same. */
async function startDenied(sandbox: Sandbox, user: AppUser): Promise<number | undefined> {
  const fd = openSync(PROGRAM, 'r');
  try {
    const started = await sandbox.start('trial', {
      ...{ uid: user.uid, gid: user.gid, path: PROGRAM, argv: [PROGRAM], env: [], cwd: '/' },
      ...{ program: heldFile(fd), scripts: [], executable: [], readable: [] },
    });
    return started.ok ? undefined : started.pid;
  } finally {
    closeSync(fd);
  }
}

async function within(awaited: Promise<void>, limitMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), limitMs);
  void awaited.then(() => resolve(true));
  const came = await promise;
  clearTimeout(timer);
  return came;
}
