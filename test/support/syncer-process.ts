/**
 * A seat's syncer as a process of its own, as a seat starts it: where the tests run as root it has another user, since it refuses
 * to be root. It owns the process; the folder is the seat's.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { isLinuxRoot } from './root.ts';
import type { NamedUser, SeatProcess } from './seat-process.ts';

const program = resolve(import.meta.dirname, '../../cli/main.ts');
const fasterLanes = resolve(import.meta.dirname, 'faster-lanes-program.ts');
/** On every Linux, and owner of nothing. */
const NAME = 'nobody';

function idOf(what: '-u' | '-g'): number {
  return Number(execFileSync('id', [what, NAME], { encoding: 'utf8' }));
}

/** The syncer's user; null where the tests run as one themselves. Seats are to be made with it. */
export const syncUser: NamedUser | null = isLinuxRoot ? { name: NAME, uid: idOf('-u'), gid: idOf('-g') } : null;

export class SyncerProcess {
  readonly #child: ChildProcess;

  /** @param speed how many times faster its lanes go than a seat's */
  constructor(seat: SeatProcess, speed = 1) {
    const own = syncUser === null ? [] : ['--user', syncUser.name];
    const faster = speed === 1 ? [] : ['--import', fasterLanes];
    this.#child = spawn(process.execPath, [...faster, program, 'syncer', '--state', seat.state, ...own], {
      stdio: 'ignore',
      env: { ...process.env, WARDLOCK_TEST_SPEED: String(speed) },
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
  }
}
