/**
 * A real server process for measuring, with simulated seats that are enrolled at it. Owns the process, its folder and the
 * database that it was given.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enrolSimSeat, type SimSeat } from '../../../cli/sim/seat.ts';
import { nodeCrypto } from '../../../crypto/index.ts';
import { openSite } from '../../../server/compose.ts';
import { type ServerProcess, startServer } from '../../support/server-process.ts';

const recipients = [nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;
const TOKEN_LIFE_MS = 600_000;

export interface BenchSite {
  readonly folder: string;
  readonly server: ServerProcess;
  /** The address of its database; null for the file in its state folder. */
  readonly database: string | null;
  enrol(count: number): Promise<SimSeat[]>;
  close(): Promise<void>;
}

/** @param database `postgres://…`; null for SQLite in the server's own folder */
export async function openBenchSite(database: string | null): Promise<BenchSite> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-bench-'));
  const server = await startServer(folder, database === null ? {} : { more: ['--database', database] });
  return {
    folder,
    server,
    database,
    enrol: async (count) => {
      const site = await openSite({ stateFolder: server.state, database, tenant: null });
      const seats: SimSeat[] = [];
      for (let at = 0; at < count; at += 1) {
        const wanted = { seatName: `Bay ${at + 1}`, wardId: 'icu', wardName: 'ICU', lifeMs: TOKEN_LIFE_MS };
        const { token } = await site.enrolments.makeToken(wanted);
        seats.push(await enrolSimSeat(server.ready.seats, token, recipients));
      }
      await site.close();
      return seats;
    },
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
