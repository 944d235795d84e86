/**
 * How root starts a process of the clinic as another user even where that user could never walk to the checkout or the
 * state folder (a clone under /root, say): a mount namespace of the process's own in which just the folders it needs are
 * bound below one short, traversable path. The namespace dies with the process, so nothing is left mounted.
 */
import { chmod, mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

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
const NAMES = ['state'] as const;

export async function makeStage(): Promise<Stage> {
  const root = await mkdtemp(join(BASE, 'wardlock-'));
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
    async remove() {
      for (const name of NAMES) await rmdir(join(root, name));
      await rmdir(root);
    },
  };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
