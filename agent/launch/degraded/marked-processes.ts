/**
 * Finds and ends the processes of a session where there is no cgroup to hold them: by a mark in the environment that they
 * inherit, which survives setsid and double forks. A program that empties its own environment escapes; the mode says so.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export const SESSION_MARK = 'WARDLOCK_SESSION';

const END_LIMIT_MS = 5_000;
const POLL_MS = 10;

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
