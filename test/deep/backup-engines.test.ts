/** A site moves from SQLite to PostgreSQL and back by its backup: the same rows on both, and a server that goes on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backUp } from '../../server/backup/backup.ts';
import { restore } from '../../server/backup/restore.ts';
import { LEFT_OUT, readTables } from '../../server/backup/tables.ts';
import { openSite } from '../../server/compose.ts';
import { openStore } from '../../server/store/open.ts';
import { SIGNALS_NAME } from '../../server/store/postgres-signals.ts';
import type { Store } from '../../server/store/store.ts';
import { FaultServer, sendAll } from '../support/fault-server.ts';
import { TestPostgres } from '../support/postgres.ts';

/** What a restore writes itself. */
const MARKED = [
  'settings',
  'generations',
  'scope_versions',
  'alarms',
  'server_events',
  'transparency_logs',
  'transparency_entries',
  'transparency_tiles',
  'transparency_queue',
];
const quiet = (): void => undefined;
let server: FaultServer;
let postgres: TestPostgres;
beforeAll(async () => {
  [server, postgres] = await Promise.all([FaultServer.start(), TestPostgres.start()]);
});
afterAll(async () => {
  await server.end();
  await postgres.end();
});

async function listening({ db }: Store): Promise<number> {
  const { rows } = await sql<{ nodes: number }>`select count(*)::int as nodes from pg_stat_activity
    where datname = current_database() and application_name = ${SIGNALS_NAME}`.execute(db);
  return Number(rows[0]?.nodes);
}

async function contents(address: string): Promise<Record<string, string[]>> {
  const store = await openStore(address);
  const found: Record<string, string[]> = {};
  for (const [name, columns] of await readTables(store.db)) {
    if (LEFT_OUT[name] !== undefined || MARKED.includes(name)) continue;
    const { rows } = await sql<object>`select ${sql.join(columns.map((column) => sql.ref(column)))} from ${sql.table(name)}`.execute(
      store.db,
    );
    found[name] = rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
  }
  await store.close();
  return found;
}

test('from SQLite to PostgreSQL and back, with a record, an anchor and a person', async () => {
  const seat = await server.newSeat();
  seat.append(600);
  await sendAll(seat);
  expect((await seat.anchor(0)).status).toBe(200);
  await server.stop();
  const sqlite = `sqlite:${join(server.state, 'wardlock.db')}`;
  const site = await openSite({ stateFolder: server.state, database: sqlite, tenant: null });
  await site.staff.put([{ id: 'p.iris', displayName: 'Iris Ahn', givenName: 'Iris', role: 'nurse', badges: ['04A1B2C3'], pin: '482915' }]);
  await site.close();
  const before = await contents(sqlite);
  expect(before['segments']?.length).toBeGreaterThan(2);
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-engines-'));
  try {
    const there = await postgres.newDatabase();
    const back = `sqlite:${join(folder, 'back.db')}`;
    const steps = [
      { from: sqlite, into: there, file: join(folder, 'one.backup'), engines: ['sqlite', 'postgres'] },
      { from: there, into: back, file: join(folder, 'two.backup'), engines: ['postgres', 'sqlite'] },
    ];
    for (const { from, into, file, engines } of steps) {
      expect((await backUp(from, file, quiet)).engine).toBe(engines[0]);
      const done = await restore({ address: into, stateFolder: server.state, file, force: false, tell: quiet });
      expect([done.from, done.into]).toEqual(engines);
      expect(await contents(into)).toEqual(before);
      const moved = await openSite({ stateFolder: server.state, database: into, tenant: null });
      // As a node that serves does.
      const forget = moved.store.watch('changes', quiet);
      if (moved.store.engine === 'postgres') await expect.poll(() => listening(moved.store)).toBe(1);
      const replaced = restore({ address: into, stateFolder: server.state, file, force: true, tell: quiet });
      await expect(replaced).rejects.toMatchObject({ code: 'SERVER_DATABASE_IN_USE' });
      forget();
      await moved.logOfLogs.publish();
      expect((await moved.logOfLogs.check({ outside: null, onProgress: quiet })).faults).toEqual([]);
      await moved.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
