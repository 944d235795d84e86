/**
 * Finds the process of this machine that listens on a port, as the kernel lists it (proc(5)), and how it was started. It only
 * reads, and it sees what its own user may see. Linux only.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { WardlockError } from '../../core/errors/index.ts';

/** Places in a line of /proc/net/tcp, and its code for a socket that listens. */
const LOCAL = 1;
const STATE = 3;
const INODE = 9;
const LISTENS = '0A';

export interface ServerStart {
  readonly state: string | null;
  readonly database: string | null;
}

/** @throws WardlockError START_USAGE when nothing listens there, or what listens is another user's */
export function listenerOn(port: number): number {
  const inodes = new Set(['tcp', 'tcp6'].flatMap((table) => listening(table, port)));
  if (inodes.size === 0) throw new WardlockError('START_USAGE', `Nothing on this machine listens on port ${port}. Start the server first.`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const link of descriptors(pid)) if (inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '')) return Number(pid);
  }
  throw new WardlockError(
    'START_USAGE',
    `What listens on port ${port} belongs to another user, so what it uses cannot be read. Run this as its user or as root, or name its process with --pid.`,
  );
}

/** With which --state and --database a server was started; null where it does not say. */
export function startOf(pid: number): ServerStart {
  const [words, folder] = orNothing(
    () => [readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'), readlinkSync(`/proc/${pid}/cwd`)],
    [[], ''],
  );
  const given = (option: string): string | null => {
    const at = words.indexOf(option);
    const value = at < 0 ? words.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1) : words[at + 1];
    return value === undefined || value === '' ? null : value;
  };
  const [state, database] = [given('--state'), given('--database')];
  const file = /^sqlite:(.+)$/.exec(database ?? '')?.[1];
  return {
    state: state === null ? null : resolve(folder, state),
    database: file === undefined || file === ':memory:' ? database : `sqlite:${resolve(folder, file)}`,
  };
}

function listening(table: string, port: number): string[] {
  const lines = orNothing(() => readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1), []);
  return lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const local = fields[LOCAL]?.split(':')[1] ?? '';
    return fields[STATE] === LISTENS && Number.parseInt(local, 16) === port ? [fields[INODE] ?? ''] : [];
  });
}

/** Where its descriptors lead; nothing for a process that ended meanwhile or is another user's. */
function descriptors(pid: string): string[] {
  const names = orNothing(() => readdirSync(`/proc/${pid}/fd`), []);
  return names.map((name) => orNothing(() => readlinkSync(`/proc/${pid}/fd/${name}`), ''));
}

function orNothing<T>(read: () => T, nothing: T): T {
  try {
    return read();
  } catch {
    return nothing;
  }
}
