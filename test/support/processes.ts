/**
 * Looks at processes by user and name, zombies left out: process 1 of some machines reaps late.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';

interface Found {
  readonly pid: number;
  readonly uid: number;
  readonly name: string;
  readonly state: string;
  readonly ticks: number;
}

const USER_TICKS_FIELD = 11;
const SYSTEM_TICKS_FIELD = 12;

function look(pid: number): Found | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const close = stat.lastIndexOf(')');
    const fields = stat.slice(close + 2).split(' ');
    const ticks = Number(fields[USER_TICKS_FIELD]) + Number(fields[SYSTEM_TICKS_FIELD]);
    return { pid, uid: statSync(`/proc/${pid}`).uid, name: stat.slice(stat.indexOf('(') + 1, close), state: fields[0] ?? 'X', ticks };
  } catch {
    return undefined;
  }
}

/** Living processes of a user, by the name of their program. */
export function processesOf(uid: number, name: string): readonly number[] {
  const pids = readdirSync('/proc').filter((entry) => /^[0-9]+$/u.test(entry));
  const found = pids.flatMap((pid) => look(Number(pid)) ?? []);
  return found.filter((one) => one.uid === uid && one.name === name && !'ZX'.includes(one.state)).map(({ pid }) => pid);
}

/** Whether a process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  const found = look(pid);
  return found !== undefined && !'ZX'.includes(found.state);
}

/** Processor time that a process has used, in clock ticks. */
export function cpuTicks(pid: number): number {
  return look(pid)?.ticks ?? -1;
}

/** The first argument of each living process of this name that has `part` somewhere in its command line. */
export function processesByArgument(name: string, part: string): readonly string[] {
  const ours = commandLines().filter(
    ({ words: [program = '', ...args] }) => program.endsWith(name) && args.some((one) => one.includes(part)),
  );
  return ours.map(({ words }) => words[1] ?? '');
}

/** Living processes whose whole command line has this part, words with a space between them. */
export function processesByLine(part: string): readonly number[] {
  const ours = commandLines().filter(({ pid, words }) => words.join(' ').includes(part) && isAlive(pid));
  return ours.map(({ pid }) => pid);
}

function commandLines(): readonly { readonly pid: number; readonly words: readonly string[] }[] {
  const pids = readdirSync('/proc').filter((entry) => /^[0-9]+$/u.test(entry));
  return pids.flatMap((pid) => {
    try {
      return [{ pid: Number(pid), words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') }];
    } catch {
      return [];
    }
  });
}
