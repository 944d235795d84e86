/**
 * How root starts a process of the clinic as another user even where that user could never walk to the checkout or the
 * state folder (a clone under /root, say): a mount namespace of the process's own in which just the folders it needs are
 * bound below one short, traversable path. The namespace dies with the process, so nothing is left mounted.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** One folder shown to the process: `source` on this machine, `name` below the stage. */
export interface Bind {
  readonly source: string;
  readonly name: string;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Stage {
  /** Where a bind is found by the process that was started with it. */
  path(name: string): string;
  /** The command that runs `command` as `user` with `binds` in place and no capability left. */
  as(user: User, binds: readonly Bind[], command: Command): Command;
  remove(): Promise<void>;
}

const BASE = '/run';
const PREFIX = 'wardlock-';
const NAMES = ['state'] as const;

/** In each stage: which process made it. The start time tells it from a later one with the same number (proc(5)). */
const MAKER = 'maker.json';
const Maker = Type.Object({ pid: Type.Integer({ minimum: 1 }), startTicks: Type.String() });
/** `starttime` of /proc/PID/stat, counted after the command's name, which may hold anything. */
const START_TICKS_FIELD = 19;

/** Makes a stage for this process, after taking away those of clinics that were killed. */
export async function makeStage(base = BASE): Promise<Stage> {
  await sweepStages(base);
  const root = await mkdtemp(join(base, PREFIX));
  await writeFile(join(root, MAKER), JSON.stringify(await makerNow()), { mode: 0o600 });
  await chmod(root, 0o711);
  for (const name of NAMES) await mkdir(join(root, name), { mode: 0o711 });
  return {
    path: (name) => join(root, name),
    as(user, binds, command) {
      const mounts = binds.map((bind) => `mount --bind ${quote(bind.source)} ${quote(join(root, bind.name))}`).join(' && ');
      const drop = `exec setpriv --reuid=${user.uid} --regid=${user.gid} --init-groups --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"`;
      return {
        command: 'unshare',
        args: [
          '--mount',
          '--propagation',
          'private',
          '--',
          'sh',
          '-c',
          mounts === '' ? drop : `${mounts} && ${drop}`,
          'sh',
          command.command,
          ...command.args,
        ],
      };
    },
    remove: () => removeStage(root),
  };
}

/** Never by force: were a folder of somebody's still bound there, its content must not go. */
async function removeStage(root: string): Promise<void> {
  for (const name of NAMES) await rmdir(join(root, name));
  await rm(join(root, MAKER));
  await rmdir(root);
}

async function sweepStages(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    if (!name.startsWith(PREFIX)) continue;
    const root = join(base, name);
    const maker = await makerOf(root);
    // What does not say who made it is not ours to judge.
    if (maker === undefined || (await startTicks(maker.pid)) === maker.startTicks) continue;
    await removeStage(root).catch(() => undefined);
  }
}

async function makerNow(): Promise<Static<typeof Maker>> {
  const ticks = await startTicks(process.pid);
  if (ticks === undefined) throw new Error('/proc does not know this process');
  return { pid: process.pid, startTicks: ticks };
}

async function makerOf(root: string): Promise<Static<typeof Maker> | undefined> {
  try {
    const read: unknown = JSON.parse(await readFile(join(root, MAKER), 'utf8'));
    return Value.Check(Maker, read) ? read : undefined;
  } catch {
    // No stage, or one that is being made or removed at this moment.
    return undefined;
  }
}

async function startTicks(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TICKS_FIELD];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
