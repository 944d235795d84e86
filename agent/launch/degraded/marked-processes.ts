/**
 * Finds and ends the processes of a session where there is no cgroup to hold them: by a mark in the environment that they
 * inherit, which survives setsid and double forks. A program that empties its own environment escapes; the mode says so.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export const SESSION_MARK = 'WARDLOCK_SESSION';

const END_LIMIT_MS = 5_000;
const POLL_MS = 10;
/** How often a process group is looked at whose leader has ended and left something. */
const LEFT_POLL_MS = 1_000;

/** Living processes whose environment carries the mark of this session. Those of other users can't be looked into. */
export async function markedProcesses(sessionId: string): Promise<readonly number[]> {
  const mark = `${SESSION_MARK}=${sessionId}`;
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/u.test(name)).map(Number);
  const marked = await Promise.all(pids.map(async (pid) => ((await carries(pid, mark)) ? [pid] : [])));
  return marked.flat();
}

/** Zombies have no environment any more, so they never count. */
async function carries(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environment.split('\0').includes(mark);
}

/** Those of the processes that are in one of these process groups. */
export async function inGroups(pids: readonly number[], groups: ReadonlySet<number>): Promise<readonly number[]> {
  const found = await Promise.all(pids.map(async (pid) => (groups.has(await groupOf(pid)) ? [pid] : [])));
  return found.flat();
}

/** Resolves when no process of the session is in this process group any more: the kernel tells nobody of that, so it is asked now and then. */
export async function untilGroupEmpty(sessionId: string, group: number): Promise<void> {
  const groups = new Set([group]);
  // The kernel keeps a group whose zombies nobody fetches. Seen empty once is not enough: a look can miss what is just being forked or executed.
  for (let seenEmpty = 0; seenEmpty < 2 && groupExists(group); ) {
    const left = await inGroups(await markedProcesses(sessionId), groups);
    seenEmpty = left.length === 0 ? seenEmpty + 1 : 0;
    await sleep(LEFT_POLL_MS, undefined, { ref: false });
  }
}

function groupExists(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch (cause) {
    // EPERM: there is one, of another user by now.
    return !(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH');
  }
}

/** Not a number for one that has gone. */
async function groupOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name in brackets may hold anything; state, parent and group follow it (proc(5)).
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

export function signalAll(pids: readonly number[], signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ESRCH: it ended by itself meanwhile, which is what was wanted.
    }
  }
}

/** Kills until no marked process is left, because one that forks can outrun a single look. */
export async function endMarked(sessionId: string): Promise<boolean> {
  const deadline = performance.now() + END_LIMIT_MS;
  for (;;) {
    const left = await markedProcesses(sessionId);
    if (left.length === 0) return true;
    if (performance.now() > deadline) return false;
    signalAll(left, 'SIGKILL');
    await sleep(POLL_MS);
  }
}
