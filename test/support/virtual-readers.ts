/**
 * A real smart card service (pcscd) with two virtual readers (vsmartcard-vpcd) and cards of ours on them, in namespaces of its own:
 * its ports and its socket meet nobody else's. Needs root and Debian's pcscd and vsmartcard-vpcd.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Order =
  | { readonly do: 'start'; readonly withReaders: boolean }
  | { readonly do: 'end' }
  | { readonly do: 'hold'; readonly held: boolean }
  | { readonly do: 'place'; readonly slot: number; readonly uid: string; readonly atr?: string; readonly isMute?: boolean }
  | { readonly do: 'take'; readonly slot: number };

/** What is missing for virtual readers here, or null. */
export function missingForReaders(): string | null {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs root on Linux: it makes namespaces';
  const programs = ['/usr/sbin/pcscd', '/usr/lib/pcsc/drivers/serial/libifdvpcd.so'];
  return programs.every((file) => existsSync(file)) ? null : "needs Debian's pcscd and vsmartcard-vpcd";
}

/** The service finds its folder below /run, which is a private one here. */
const SET_UP = 'ip link set lo up && mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd && exec "$2" "$3" "$1"';

export class VirtualReaders {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, child: ChildProcess) {
    if (child.stdout === null) throw new TypeError('The virtual readers were started without their output.');
    this.#folder = folder;
    this.#child = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** With the service running, unless told otherwise. */
  static async open({ running = true } = {}): Promise<VirtualReaders> {
    const folder = await mkdtemp(join(tmpdir(), 'wl-pcsc-'));
    const program = join(import.meta.dirname, 'virtual-readers-program.ts');
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    const child = spawn('unshare', [...namespaces, 'sh', '-c', SET_UP, 'sh', folder, process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const readers = new VirtualReaders(folder, child);
    if (running) await readers.start();
    return readers;
  }

  /** Where the service listens. */
  get socket(): string {
    return join(this.#folder, 'pcscd.comm');
  }

  start(withReaders = true): Promise<void> {
    return this.#order({ do: 'start', withReaders });
  }

  /** Kills the service, as a crash would. */
  end(): Promise<void> {
    return this.#order({ do: 'end' });
  }

  /** The service is there and does not answer. */
  hold(held: boolean): Promise<void> {
    return this.#order({ do: 'hold', held });
  }

  place(slot: number, uid: string, manner: { readonly atr?: string; readonly isMute?: boolean } = {}): Promise<void> {
    return this.#order({ do: 'place', slot, uid, ...manner });
  }

  take(slot: number): Promise<void> {
    return this.#order({ do: 'take', slot });
  }

  async remove(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      // Process 1 of the namespace goes with it, and everything in there.
      this.#child.kill('SIGKILL');
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #order(order: Order): Promise<void> {
    const done = this.#queue.then(async () => {
      this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
      const { value, done: ended } = await this.#answers.next();
      if (ended === true) throw new Error('The virtual readers ended.');
      const { failure } = JSON.parse(value);
      if (failure !== null) throw new Error(`${order.do}: ${failure}`);
    });
    this.#queue = done.catch(() => {});
    return done;
  }
}
