/**
 * Which processes of the machine belong to a user, and their end. Looks at real, effective, saved and file system ids alike, zombies
 * left out; must be asked only about users that nobody but Wardlock uses.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const END_LIMIT_MS = 5_000;
const POLL_MS = 10;
const UIDS = /^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$/mu;
const ENDED = /^State:\t[ZX]/mu;

/** Living processes of the user, as this process sees them. */
export async function livingOf(uid: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/u.test(name)).map(Number);
  const theirs = await Promise.all(pids.map(async (pid) => ((await belongs(pid, uid)) ? [pid] : [])));
  return theirs.flat();
}

/** Ends whatever lives of the user. False when something survived the limit. */
export async function endAllOf(uid: number): Promise<boolean> {
  const deadline = performance.now() + END_LIMIT_MS;
  for (;;) {
    const left = await livingOf(uid);
    if (left.length === 0) return true;
    if (performance.now() > deadline) return false;
    left.forEach(end);
    await sleep(POLL_MS);
  }
}

async function belongs(pid: number, uid: number): Promise<boolean> {
  // What has gone since its folder was listed has no status any more.
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const uids = UIDS.exec(status)?.slice(1) ?? [];
  return uids.includes(String(uid)) && !ENDED.test(status);
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it ended by itself meanwhile.
  }
}
