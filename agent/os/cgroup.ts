/**
 * Control groups, version 2 (cgroups(7)): where a session's processes are counted, frozen and ended whole. Owns folders
 * below one root of its own; never touches a group that it did not make, and never a version 1 hierarchy.
 */
import { watch, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WardlockError } from '../../core/errors/index.ts';

/** Ending hundreds of processes takes tens of milliseconds; this is the point where the seat stops waiting. */
const END_LIMIT_MS = 5_000;
const POLL_MS = 2;

export interface Cgroup {
  readonly path: string;
}

/** Where cgroup v2 is mounted, `undefined` when it is not. */
export async function cgroupMount(): Promise<string | undefined> {
  const mounts = await readFile('/proc/mounts', 'utf8');
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[2] === 'cgroup2')?.[1];
}

/** Makes the group `name` (which may have several parts) below the mount. One that is already there is used. */
export async function makeCgroup(mountPoint: string, name: string): Promise<Cgroup> {
  const path = join(mountPoint, name);
  await mkdir(path, { recursive: true });
  // cgroup.kill came with Linux 5.14. Without it a fork bomb can outrun whoever ends it, so the layer counts as missing.
  const kill = await open(join(path, 'cgroup.kill'), 'w').catch((cause: unknown) => {
    throw new WardlockError('LAUNCH_LAYER_FAILED', 'The kernel has no cgroup.kill (Linux 5.14 or later is needed).', { cause });
  });
  await kill.close();
  return { path };
}

/** Makes a group inside another one. */
export async function makeSubgroup(group: Cgroup, name: string): Promise<Cgroup> {
  return makeCgroup(group.path, name);
}

/** Puts a process, and what it starts from now on, into the group. */
export async function enterCgroup(group: Cgroup, pid: number): Promise<void> {
  await writeFile(join(group.path, 'cgroup.procs'), String(pid));
}

/** Removes the group when nothing is in it, and leaves it otherwise. Whether it is gone. */
export async function removeIfEmpty(group: Cgroup): Promise<boolean> {
  try {
    await rmdir(group.path);
    return true;
  } catch (cause) {
    // EBUSY: something is still in there.
    return isGone(cause);
  }
}

/** The living processes of the group and of the groups below it: the kernel lists no zombie there (admin-guide/cgroup-v2). */
export async function livingProcesses(group: Cgroup): Promise<readonly number[]> {
  const own = await readFile(join(group.path, 'cgroup.procs'), 'utf8').catch(() => '');
  const below = await Promise.all((await subgroups(group.path)).map((path) => livingProcesses({ path })));
  return [...own.split('\n').filter(Boolean).map(Number), ...below.flat()];
}

async function subgroups(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
}

/** Whether anything in the group still runs. A group that is gone runs nothing; one that can't be looked into counts as running. */
async function isPopulated(group: Cgroup): Promise<boolean> {
  try {
    return /^populated 1$/mu.test(await readFile(join(group.path, 'cgroup.events'), 'utf8'));
  } catch (cause) {
    return !isGone(cause);
  }
}

/**
 * Resolves when nothing in the group runs any more, or when the signal gives the wait up. The kernel tells of it, so nobody polls.
 * @throws where the kernel has no watch left to give
 */
export async function untilEmpty(group: Cgroup, signal: AbortSignal): Promise<void> {
  if (signal.aborted || !(await isPopulated(group))) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const watcher = watch(join(group.path, 'cgroup.events'), { persistent: false, signal });
  const look = async (): Promise<void> => {
    if (!(await isPopulated(group))) watcher.close();
  };
  watcher
    .on('change', () => void look())
    .on('close', resolve)
    .on('error', reject);
  // The last process may have gone before the watch began.
  await look();
  await promise;
}

/** Stops every process of the group from running, or lets them go on. Returns when the kernel has done so. */
export async function freezeCgroup(group: Cgroup, frozen: boolean): Promise<void> {
  const wanted = frozen ? /^frozen 1$/mu : /^frozen 0$/mu;
  try {
    await writeFile(join(group.path, 'cgroup.freeze'), frozen ? '1' : '0');
  } catch (cause) {
    // What has ended in the meantime needs neither.
    if (isGone(cause)) return;
    throw cause;
  }
  // A group that is gone meanwhile has no events: nothing in it runs.
  const events = async (): Promise<string | undefined> => readFile(join(group.path, 'cgroup.events'), 'utf8').catch(() => undefined);
  const done = await waitUntil(async () => wanted.test((await events()) ?? `frozen ${frozen ? 1 : 0}`));
  if (!done) throw new WardlockError('LAUNCH_LAYER_FAILED', `The processes in ${group.path} could not be ${frozen ? 'frozen' : 'thawed'}.`);
}

/**
 * Kills everything in the group and below, waits until the kernel says that it is empty, and removes it. A process
 * that forks while it is killed does not escape: that is what cgroup.kill promises.
 * @returns false when something was still there after the limit
 */
export async function endCgroup(group: Cgroup): Promise<boolean> {
  try {
    // Not in the background: when this function gives its promise back, every process has its signal.
    writeFileSync(join(group.path, 'cgroup.kill'), '1');
  } catch (cause) {
    if (isGone(cause)) return true;
    throw cause;
  }
  if (!(await waitUntil(async () => !(await isPopulated(group))))) return false;
  return waitUntil(() => removeTree(group.path));
}

async function removeTree(path: string): Promise<boolean> {
  for (const below of await subgroups(path)) await removeTree(below);
  // Right after its last process has gone a group can still be busy; the next look finds it removable.
  return removeIfEmpty({ path });
}

function isGone(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENODEV');
}

async function waitUntil(holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + END_LIMIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
