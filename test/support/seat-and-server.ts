/**
 * A real agent, a real syncer and a real server, enrolled with each other, and a policy whose reader the server's reader
 * role is. Owns these processes and their folders, and ends all of them.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPolicy } from './policy.ts';
import { SeatProcess } from './seat-process.ts';
import { cli, newToken, rows, type ServerProcess, startServer, until } from './server-process.ts';
import { SyncerProcess, syncUser } from './syncer-process.ts';

export class SeatAndServer {
  readonly folder: string;
  readonly seat: SeatProcess;
  readonly server: ServerProcess;
  readonly #speed: number;
  #syncer: SyncerProcess | null = null;

  private constructor(folder: string, seat: SeatProcess, server: ServerProcess, speed: number) {
    this.folder = folder;
    this.seat = seat;
    this.server = server;
    this.#speed = speed;
  }

  /** Starts a server with a published policy. The seat has its folders and does not run yet. @param speed of the syncer's lanes */
  static async create(speed = 1): Promise<SeatAndServer> {
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-site-'));
    for (const kind of ['reader', 'escrow']) await cli(['keys', 'new', kind, '--out', join(folder, `${kind}.key`)]);
    const server = await startServer(folder, { more: ['--reader-key', join(folder, 'reader.key')] });
    const publicKey = (kind: string): string => {
      const file: { publicKey: string } = JSON.parse(readFileSync(join(folder, `${kind}.key.pub`), 'utf8'));
      return file.publicKey;
    };
    const policy = join(folder, 'policy.json');
    await writeFile(policy, JSON.stringify(testPolicy(1, { reader: publicKey('reader'), escrow: publicKey('escrow') })));
    const { console: address, ca } = server.ready;
    await cli(['policy', 'publish', policy, '--server', address, '--key', join(folder, 'policy.key'), '--ca', ca]);
    const seat = await SeatProcess.create([], syncUser);
    await seat.start();
    await seat.stop();
    return new SeatAndServer(folder, seat, server, speed);
  }

  /** Folder of the seat's audit store. */
  get store(): string {
    return join(this.seat.state, 'agent', 'audit');
  }

  startSyncer(): void {
    this.#syncer = new SyncerProcess(this.seat, this.#speed);
  }

  async stopSyncer(): Promise<void> {
    const syncer = this.#syncer;
    this.#syncer = null;
    await syncer?.stop();
  }

  /**
   * Enrols the running seat; resolves when the server has read its first events.
   * @param address where the seat finds the server, now and later; it may lead there by a detour
   */
  async enrol(address: string = this.server.ready.seats): Promise<Awaited<ReturnType<SeatProcess['screens']>>> {
    const screens = await this.seat.screens();
    const token = await newToken(this.server.state);
    const { host } = new URL(address);
    // Refused as long as the syncer has not reached the agent.
    await until(() =>
      screens.client.request('enrol', { server: host, token }).then(
        ({ taken }) => taken,
        () => false,
      ),
    );
    await screens.sees((view) => view.phase === 'locked');
    await until(() => rows(this.server.state, 'select * from index_cursors where next_seq > 1').length > 0);
    return screens;
  }

  async remove(): Promise<void> {
    await this.stopSyncer();
    await this.seat.stop();
    await this.server.stop();
    await this.seat.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}
