import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testDatabase } from '../../test/support/test-store.ts';
import { openSite, type Site } from '../compose.ts';
import { raiseAlarm } from '../services/alarms.ts';
import { makeAnew, newestSchema } from '../store/migrate.ts';
import { openStore } from '../store/open.ts';
import { backUp } from './backup.ts';
import { restore } from './restore.ts';
import { LEFT_OUT, PARENTS, readTables } from './tables.ts';

let folder: string;
let state: string;
let address: string;
const quiet = (): void => undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-backup-'));
  state = join(folder, 'state');
  address = await newAddress('first');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Databases here are closed and opened again: in memory they would be gone. */
async function newAddress(name: string): Promise<string> {
  const made = await testDatabase();
  return made === 'sqlite::memory:' ? `sqlite:${join(folder, `${name}.db`)}` : made;
}

async function withSite<T>(database: string, work: (site: Site) => Promise<T>): Promise<T> {
  const site = await openSite({ stateFolder: state, database, tenant: null });
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

async function fill(): Promise<string> {
  return withSite(address, async (site) => {
    await site.policies.trust([Buffer.from(site.keys.directory.publicKey)]);
    await site.staff.put([
      { id: 'p.iris', displayName: 'Iris Ahn', givenName: 'Iris', role: 'nurse', badges: ['04A1B2C3'], pin: '482915' },
    ]);
    const { id } = await site.enrolments.makeToken({ seatName: 'Bay 4', wardId: 'icu', wardName: 'ICU', lifeMs: 60_000 });
    await site.accounts.put('iris', 'correct horse battery');
    await site.store.db
      .insertInto('refused_items')
      .values({ workstation_id: 'a'.repeat(32), number: 7, code: 'SERVER_BADGE_TAKEN' })
      .execute();
    await site.logOfLogs.publish();
    return id;
  });
}

async function contents(database: string, leave: readonly string[] = []): Promise<Record<string, string>> {
  const store = await openStore(database);
  const found: Record<string, string> = {};
  for (const [name, columns] of await readTables(store.db)) {
    if (LEFT_OUT[name] !== undefined || leave.includes(name)) continue;
    const { rows } = await sql`select ${sql.join(columns.map((column) => sql.ref(column)))} from ${sql.table(name)}`.execute(store.db);
    found[name] = rows
      .map((row) => JSON.stringify(row))
      .sort()
      .join('\n');
  }
  await store.close();
  return found;
}

test('a restored database has every row that the backup had, and says that it was restored', async () => {
  const token = await fill();
  const before = await contents(address);
  const file = join(folder, 'one.backup');
  const done = await backUp(address, file, quiet);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(done.sha256).toBe(
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  );
  const target = await newAddress('second');
  expect(await restore({ address: target, stateFolder: state, file, force: false, tell: quiet })).toMatchObject({
    rows: done.rows,
    tenant: 'site',
  });
  const after = await contents(target);
  const marked = [
    'settings',
    'generations',
    'scope_versions',
    'enrolment_tokens',
    'alarms',
    'server_events',
    'transparency_logs',
    'transparency_entries',
    'transparency_tiles',
  ];
  for (const [name, rows] of Object.entries(before)) if (!marked.includes(name)) expect([name, after[name]]).toEqual([name, rows]);
  for (const name of ['persons', 'accounts', 'wards', 'refused_items'] as const) expect(after[name]).not.toBe('');
  await withSite(target, async (site) => {
    expect((await site.alarms.open()).alarms.map(({ kind }) => kind)).toEqual(['SERVER_RESTORED']);
    expect(await site.log.firstFault()).toBeNull();
    const generation = await site.changes.generation('directory');
    expect(generation).toBeGreaterThan(1_000_000);
    const everybody = await site.store.db.selectFrom('scope_versions').select('version').where('scope', '=', '*').executeTakeFirst();
    expect(everybody?.version).toBe(generation);
    const left = await site.store.db.selectFrom('enrolment_tokens').select('expires_at').where('id', '=', token).executeTakeFirstOrThrow();
    expect(Number(left.expires_at)).toBeLessThanOrEqual(Date.now());
    await site.logOfLogs.start();
    expect((await site.alarms.open()).alarms.length).toBe(1);
    const logs = await site.logOfLogs.logs();
    expect(logs.length).toBe(2);
    await site.logOfLogs.publish();
    expect((await site.logOfLogs.check({ outside: null, onProgress: quiet })).faults).toEqual([]);
    await expect(site.accounts.signIn('iris', 'correct horse battery')).resolves.toBeDefined();
  });
});

test('a backup is one moment: what is written while it is read is not in it, whole or in part', async () => {
  await fill();
  await withSite(address, async (site) => {
    let wrote: Promise<unknown> = Promise.resolve();
    let once = false;
    const file = join(folder, 'busy.backup');
    await backUp(address, file, () => {
      if (once) return;
      once = true;
      wrote = site.staff.put([
        { id: 'p.late', displayName: 'Late Comer', givenName: 'Late', role: 'nurse', badges: ['04FFFFFF'], pin: '739164' },
      ]);
    });
    await wrote;
    const text = gunzipSync(await readFile(file)).toString('utf8');
    expect(text).toContain('p.iris');
    expect(text).not.toContain('p.late');
  });
});

test('what holds something is replaced with --force only; after a refusal all is as before', async () => {
  await fill();
  const file = join(folder, 'one.backup');
  await backUp(address, file, quiet);
  await withSite(address, (site) => site.accounts.put('later', 'another horse battery'));
  const before = await contents(address);
  await expect(restore({ address, stateFolder: state, file, force: false, tell: quiet })).rejects.toMatchObject({
    code: 'SERVER_RESTORE_REFUSED',
  });
  expect(await contents(address)).toEqual(before);
  await restore({ address, stateFolder: state, file, force: true, tell: quiet });
  const after = await contents(address);
  expect(after.accounts).toContain('iris');
  expect(after.accounts).not.toContain('later');
  await expect(backUp(address, file, quiet)).rejects.toMatchObject({ code: 'START_USAGE' });
});

test('a damaged, shortened, lengthened or foreign file changes nothing', async () => {
  await fill();
  const file = join(folder, 'one.backup');
  await backUp(address, file, quiet);
  const good = await readFile(file);
  const lines = gunzipSync(good).toString('utf8').split('\n');
  const zip = (parts: readonly string[]): Buffer => gzipSync(parts.join('\n'));
  const flipped = Buffer.from(good);
  flipped.writeUInt8(flipped.readUInt8(200) ^ 1, 200);
  const wrong: Readonly<Record<string, Buffer>> = {
    empty: Buffer.alloc(0),
    text: Buffer.from('hello'),
    flipped,
    cut: good.subarray(0, good.length - 40),
    'cut at a line': zip([...lines.slice(0, -3), '']),
    'a row less': zip(lines.filter((line) => !line.includes('p.iris'))),
    'a row altered': zip(lines.map((line) => line.replace('Iris Ahn', 'Iris Ohn'))),
    'two of it': Buffer.concat([good, good]),
    'no header': zip(lines.slice(1)),
  };
  const target = await newAddress('second');
  for (const [name, bytes] of Object.entries(wrong)) {
    const path = join(folder, `${name}.backup`);
    await writeFile(path, bytes);
    const restored = restore({ address: target, stateFolder: state, file: path, force: true, tell: quiet }).catch(
      (error: unknown) => error,
    );
    expect([name, await restored]).toEqual([name, expect.objectContaining({ code: 'SERVER_BACKUP_BROKEN' })]);
  }
  const future = zip(lines.map((line, at) => (at === 0 ? line.replace(`"schema":${newestSchema}`, '"schema":999') : line)));
  await writeFile(join(folder, 'future.backup'), future);
  await expect(
    restore({ address: target, stateFolder: state, file: join(folder, 'future.backup'), force: true, tell: quiet }),
  ).rejects.toMatchObject({
    code: 'SERVER_BACKUP_BROKEN',
  });
});

test('without the keys of the site, or with those of another, nothing is restored', async () => {
  await fill();
  const file = join(folder, 'one.backup');
  await backUp(address, file, quiet);
  const target = await newAddress('second');
  const bare = { address: target, file, force: false, tell: quiet };
  await expect(restore({ ...bare, stateFolder: join(folder, 'none') })).rejects.toMatchObject({ code: 'START_STATE_FOREIGN' });
  const other = join(folder, 'other');
  await (await openSite({ stateFolder: other, database: await newAddress('other'), tenant: null })).close();
  await expect(restore({ ...bare, stateFolder: other })).rejects.toMatchObject({ code: 'START_STATE_FOREIGN' });
  expect((await contents(target)).persons).toBe('');
});

test('a backup of an older schema is brought up to this one', async () => {
  await fill();
  const store = await openStore(address);
  const tables = [...(await readTables(store.db)).keys()].reverse();
  const settings = await store.db.selectFrom('settings').selectAll().execute();
  await store.db.transaction().execute(async (transaction) => {
    await makeAnew(transaction, tables, 3);
    await transaction.insertInto('settings').values(settings).execute();
    await transaction.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  });
  const file = join(folder, 'old.backup');
  await store.close();
  await backUp(address, file, quiet);
  const target = await newAddress('second');
  const text = gunzipSync(await readFile(file)).toString('utf8');
  expect(text).toContain('"icu"');
  expect(text).toContain('"schema":3');
  await restore({ address: target, stateFolder: state, file, force: false, tell: quiet });
  expect((await contents(target)).wards).toContain('icu');
});

test('alarms of a backup from before they were counted come up bounded for each seat and kind, and none is lost without a count', async () => {
  await fill();
  const store = await openStore(address);
  const tables = [...(await readTables(store.db)).keys()].reverse();
  const settings = await store.db.selectFrom('settings').selectAll().execute();
  const seat = 'a'.repeat(32);
  await store.db.transaction().execute(async (transaction) => {
    await makeAnew(transaction, tables, 6);
    await transaction.insertInto('settings').values(settings).execute();
    const raise = (id: string, workstation: string | null, kind: string, at: number, acknowledged: number | null) =>
      sql`insert into alarms (id, workstation_id, kind, detail, at, acknowledged_at)
        values (${id}, ${workstation}, ${kind}, ${`of ${at}`}, ${at}, ${acknowledged})`.execute(transaction);
    for (let at = 0; at < 300; at += 1) await raise(`made-up-${at}`, seat, 'SERVER_LOST_ENTRIES', at, null);
    await raise('b1', 'b'.repeat(32), 'SERVER_LOST_ENTRIES', 5, null);
    await raise('s1', null, 'SERVER_DATABASE_ROLLED_BACK', 6, null);
    await raise('s2', null, 'SERVER_RESTORED', 7, 8);
  });
  const file = join(folder, 'alarms.backup');
  await store.close();
  await backUp(address, file, quiet);
  const target = await newAddress('second');
  await restore({ address: target, stateFolder: state, file, force: false, tell: quiet });
  await withSite(target, async (site) => {
    const { kinds, alarms } = await site.alarms.open();
    expect(kinds.toSorted((a, b) => a.kind.localeCompare(b.kind))).toEqual([
      { kind: 'SERVER_DATABASE_ROLLED_BACK', open: 1, seats: 1 },
      { kind: 'SERVER_LOST_ENTRIES', open: 10, seats: 2 },
      { kind: 'SERVER_RESTORED', open: 1, seats: 1 },
    ]);
    const ofSeat = alarms.filter(({ workstationId }) => workstationId === seat);
    expect(ofSeat.map(({ times }) => times).toSorted((a, b) => a - b)).toEqual([...Array<number>(8).fill(1), 292]);
    const rest = ofSeat.find(({ times }) => times === 292);
    expect([rest?.firstAt, rest?.lastAt]).toEqual([new Date(0).toISOString(), new Date(291).toISOString()]);
    // The row that counted the rest goes on counting.
    await raiseAlarm(site.store.db, { workstationId: seat, kind: 'SERVER_LOST_ENTRIES', detail: 'one more', at: 400 });
    const after = (await site.alarms.open()).alarms.filter(({ workstationId }) => workstationId === seat);
    expect([after.length, after.find(({ detail }) => detail === 'one more')?.times]).toEqual([9, 293]);
    expect(alarms.filter(({ workstationId }) => workstationId === null).map(({ kind }) => kind)).toContain('SERVER_DATABASE_ROLLED_BACK');
    const restored = await site.store.db
      .selectFrom('alarms')
      .select(['last_at', 'acknowledged_at'])
      .where('id', '=', 's2')
      .executeTakeFirst();
    expect([Number(restored?.last_at), Number(restored?.acknowledged_at)]).toEqual([7, 8]);
  });
});

test('every table is kept or left out with a reason, and none comes before one that it refers to', async () => {
  const store = await openStore('sqlite::memory:');
  const order = [...(await readTables(store.db)).keys()];
  for (const name of [...Object.keys(LEFT_OUT), ...PARENTS]) expect(order.map(String)).toContain(name);
  for (const [at, name] of order.entries()) {
    const { rows } = await sql<{ table: string }>`select "table" from pragma_foreign_key_list(${name})`.execute(store.db);
    for (const { table } of rows) {
      expect(order.slice(0, at).map(String)).toContain(table);
      if (Object.hasOwn(LEFT_OUT, table)) expect(Object.hasOwn(LEFT_OUT, name)).toBe(true);
    }
  }
  await store.close();
});

test('a hold that an older build placed on the last machine of a name keeps every machine of that name', async () => {
  await fill();
  const store = await openStore(address);
  const tables = [...(await readTables(store.db)).keys()].reverse();
  await store.db.transaction().execute(async (transaction) => {
    await makeAnew(transaction, tables, 9);
    await transaction.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
    const seat = { name: 'Bay 1', ward_id: 'icu', log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}', revoked_at: null };
    for (const [at, digit] of ['a', 'b'].entries())
      await transaction
        .insertInto('seats')
        .values({ workstation_id: digit.repeat(32), enrolled_at: at, last_seen_at: null, ...seat })
        .execute();
    const place = (id: string, workstation: string | null, lifted: number | null) =>
      sql`insert into legal_holds (id, workstation_id, person_id, reason, placed_by, placed_at, lifted_at)
        values (${id}, ${workstation}, ${'p.ada'}, 'case 7', 'counsel', 1, ${lifted})`.execute(transaction);
    await place('seat', 'b'.repeat(32), null);
    await place('lifted', 'b'.repeat(32), 2);
    await place('person', null, null);
  });
  await store.close();
  const opened = await openStore(address);
  const holds = await opened.db.selectFrom('legal_holds').select(['id', 'workstation_id', 'seat_name']).orderBy('id').execute();
  await opened.close();
  expect(holds).toEqual([
    { id: 'lifted', workstation_id: 'b'.repeat(32), seat_name: null },
    { id: 'person', workstation_id: null, seat_name: null },
    { id: 'seat', workstation_id: null, seat_name: 'Bay 1' },
  ]);
});
