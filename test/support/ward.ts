/**
 * A ward for tests of what seats tell each other by way of their server: one real server, several seats with real agents
 * and syncers, staff from the command line. Owns these processes and their folders, and ends all of them.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { MOST_WRONG_PINS } from '../../contract/scalars.ts';
import type { SeatView } from '../../contract/seat-view.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import { testPolicy } from './policy.ts';
import { type Screens, SeatProcess } from './seat-process.ts';
import { cli, newToken, type ServerProcess, startServer, until } from './server-process.ts';
import { SyncerProcess, syncUser } from './syncer-process.ts';

export interface WardStaff {
  readonly id: string;
  readonly badge: string;
  readonly pin: string;
  readonly role?: string;
}

/** Nobody waits half a minute for the next turn of a lane to see what it does then. */
const LANE_SPEED = 5;

export class WardSeat {
  readonly process: SeatProcess;
  screens: Screens;
  #syncer: SyncerProcess | null = null;

  private constructor(process: SeatProcess, screens: Screens) {
    this.process = process;
    this.screens = screens;
  }

  static async start(): Promise<WardSeat> {
    const seat = await SeatProcess.create([], syncUser);
    try {
      await seat.start();
      return new WardSeat(seat, await seat.screens());
    } catch (failure) {
      await seat.remove();
      throw failure;
    }
  }

  connect(): void {
    this.#syncer = new SyncerProcess(this.process, LANE_SPEED);
  }

  async disconnect(): Promise<void> {
    const syncer = this.#syncer;
    this.#syncer = null;
    if (syncer === null) return;
    await syncer.stop();
    await this.screens.sees((view) => view.truth.connection.state === 'offline');
  }

  async restart(): Promise<void> {
    await this.process.stop('SIGKILL');
    await this.process.start();
    this.screens = await this.process.screens();
  }

  pin(pin: string): Promise<void> {
    return this.screens.pin(pin);
  }

  opened(): Promise<SeatView> {
    return this.screens.sees((view) => view.phase === 'open');
  }

  async leave(): Promise<void> {
    await this.screens.client.request('logout', {});
    await this.screens.sees((view) => view.phase === 'locked' && view.kept === null);
  }

  async cancel(): Promise<void> {
    await this.screens.client.request('cancel', {});
    await this.screens.sees((view) => view.phase === 'locked');
  }

  async remove(): Promise<void> {
    await this.disconnect().catch(() => {});
    await this.process.remove();
  }
}

export class Ward {
  readonly folder: string;
  server: ServerProcess;
  readonly seats: readonly WardSeat[];
  #version = 0;

  private constructor(folder: string, server: ServerProcess, seats: readonly WardSeat[]) {
    this.folder = folder;
    this.server = server;
    this.seats = seats;
  }

  /** @param prepare puts what must be there before the server's first start into the ward's folder */
  static async open(
    seats: number,
    staff: readonly WardStaff[],
    policy: Partial<PolicyDocument>,
    prepare: (folder: string) => Promise<unknown> = async () => undefined,
  ): Promise<Ward> {
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-ward-'));
    await prepare(folder);
    for (const kind of ['reader', 'escrow']) await cli(['keys', 'new', kind, '--out', join(folder, `${kind}.key`)]);
    const server = await startServer(folder, { more: ['--reader-key', join(folder, 'reader.key')] });
    const starts = await Promise.allSettled(Array.from({ length: seats }, () => WardSeat.start()));
    const ward = new Ward(
      folder,
      server,
      starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : [])),
    );
    try {
      for (const start of starts) if (start.status === 'rejected') throw start.reason;
      await ward.staff(staff);
      await ward.publish(policy);
      for (const [at, seat] of ward.seats.entries()) await ward.#enrol(seat, `Bay ${at + 1}`);
      return ward;
    } catch (failure) {
      // Nobody else knows of these processes.
      await ward.remove();
      throw failure;
    }
  }

  /** Starts the server again where it was, once it has been stopped. */
  async serverBack(): Promise<void> {
    const seatsPort = Number(new URL(this.server.ready.seats).port);
    this.server = await startServer(this.folder, { seatsPort, more: ['--reader-key', join(this.folder, 'reader.key')] });
  }

  async staff(staff: readonly WardStaff[]): Promise<void> {
    const file = join(this.folder, 'staff.json');
    const entries = staff.map(({ id, badge, pin, role }) => ({
      id,
      displayName: `${id} Example`,
      givenName: id,
      role: role ?? 'nurse',
      badges: [badge],
      pin,
    }));
    await writeFile(file, JSON.stringify({ staff: entries }));
    await this.cli(['staff', 'import', file]);
  }

  async publish(change: Partial<PolicyDocument>): Promise<void> {
    this.#version += 1;
    const publicKey = (kind: string): string => {
      const file: { publicKey: string } = JSON.parse(readFileSync(join(this.folder, `${kind}.key.pub`), 'utf8'));
      return file.publicKey;
    };
    const file = join(this.folder, 'policy.json');
    const document = testPolicy(this.#version, { reader: publicKey('reader'), escrow: publicKey('escrow') }, change);
    await writeFile(file, JSON.stringify(document));
    const { console: address, ca } = this.server.ready;
    await cli(['policy', 'publish', file, '--server', address, '--key', join(this.folder, 'policy.key'), '--ca', ca]);
  }

  /** A command of the server's machine; what it printed with --json. */
  async cli<T>(args: readonly string[], input?: string): Promise<T> {
    return JSON.parse(await cli([...args, '--state', this.server.state, '--json'], input));
  }

  /** Writes what further seats would have told of wrong PINs, each as much as a seat can, in the one place where the server keeps it. */
  told({ person, pin, failures }: { readonly person: string; readonly pin: string; readonly failures: number }): void {
    const database = new Database(join(this.server.state, 'wardlock.db'));
    try {
      const insert = database.prepare(
        'insert into seat_guesses (workstation_id, person_id, pin_salt, failures, at) values (?, ?, ?, ?, ?)',
      );
      for (let left = failures, seat = 1; left > 0; left -= MOST_WRONG_PINS, seat += 1) {
        insert.run(seat.toString(16).padStart(32, 'f'), person, pin, Math.min(left, MOST_WRONG_PINS), Date.now());
      }
      // Nobody's ward is told of seats that are not there: everybody asks.
      database
        .prepare(
          "insert into scope_versions (topic, scope, version, mark) values ('people', '*', 1, ?) on conflict (topic, scope) do update set mark = excluded.mark",
        )
        .run(randomBytes(8).toString('hex'));
    } finally {
      database.close();
    }
  }

  async #enrol(seat: WardSeat, name: string): Promise<void> {
    seat.connect();
    const token = await newToken(this.server.state, name);
    const { host } = new URL(this.server.ready.seats);
    // Refused as long as the syncer has not reached the agent.
    await until(() =>
      seat.screens.client.request('enrol', { server: host, token }).then(
        ({ taken }) => taken,
        () => false,
      ),
    );
    await seat.screens.sees((view) => view.phase === 'locked' && view.truth.policy.state === 'active' && view.truth.staff.state !== 'none');
  }

  async remove(): Promise<void> {
    for (const seat of this.seats) await seat.remove();
    await this.server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
