/** Memory and processor time of an Electron with all of its processes, as the kernel counts them (proc(5)). Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

const KIB_PER_MIB = 1_024;
/** `USER_HZ` of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Places in /proc/PID/stat behind the name: parent, utime, stime. */
const PARENT = 1;
const UTIME = 11;
const STIME = 12;

export interface Usage {
  /** Proportional set size: what several processes share counts once. */
  readonly mib: number;
  readonly cpuSeconds: number;
}

/** The process and its descendants. */
export function usageOf(root: number): Usage {
  const stats = new Map<number, readonly string[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    if (stat !== '') stats.set(Number(entry), stat.slice(stat.lastIndexOf(')') + 2).split(' '));
  }
  const tree = new Set([root]);
  let known = 0;
  while (known !== tree.size) {
    known = tree.size;
    for (const [pid, fields] of stats) if (tree.has(Number(fields[PARENT]))) tree.add(pid);
  }
  let kib = 0;
  let ticks = 0;
  for (const pid of tree) {
    const fields = stats.get(pid);
    if (fields === undefined) continue;
    ticks += Number(fields[UTIME]) + Number(fields[STIME]);
    kib += Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  }
  if (kib === 0) throw new Error(`Process ${root} is gone or may not be looked at.`);
  return { mib: kib / KIB_PER_MIB, cpuSeconds: ticks / TICKS_PER_SECOND };
}

/** Empty for a process that ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
