/** What the services rely on, on both engines alike: migrations, values, locks, bulk writes, changes, presence, duties. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openChanges } from '../../server/services/changes.ts';
import { openPresence } from '../../server/services/presence.ts';
import { openServerLog } from '../../server/services/server-log.ts';
import { type BulkColumns, insertMany } from '../../server/store/bulk.ts';
import { lockInTransaction } from '../../server/store/engine.ts';
import { openStore } from '../../server/store/open.ts';
import type { Store } from '../../server/store/store.ts';
import { engines } from '../support/engines.ts';
import { until } from '../support/server-process.ts';

const server = resolve(import.meta.dirname, '../../server');
const run = promisify(execFile);
const seat = (at: number): string => at.toString(16).padStart(32, '0');
const throwFault = (fault: unknown): void => {
  throw fault;
};

describe.each(engines)('the store on $name', (engine) => {
  const opened: Store[] = [];
  beforeAll(engine.start);
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(engine.stop);
  const open = async (address: string): Promise<Store> => {
    const store = await openStore(address, { onFault: throwFault });
    opened.push(store);
    return store;
  };
  const fresh = async (): Promise<Store> => open(await engine.newDatabase());

  test('processes that start at once bring a database up once, and all of them open it', async () => {
    const address = await engine.emptyDatabase();
    const program = `
      const { openStore } = await import(process.argv[1]);
      const store = await openStore(process.argv[2]);
      const rows = await store.db.selectFrom('schema_version').selectAll().execute();
      console.log(JSON.stringify(rows));
      await store.close();
    `;
    const started = Array.from({ length: 4 }, () =>
      run(process.execPath, ['--input-type=module', '--eval', program, join(server, 'store/open.ts'), address]),
    );
    const said = (await Promise.all(started)).map(({ stdout }) => stdout.trim());
    expect(new Set(said).size).toBe(1);
    expect(JSON.parse(said[0] ?? '')).toEqual([{ id: 1, version: expect.any(Number) }]);
  });

  test('a database of a newer build, and one that holds something else, are refused and stay as they are', async () => {
    const newer = await engine.newDatabase();
    const store = await openStore(newer);
    await store.db.updateTable('schema_version').set({ version: 99 }).execute();
    await store.close();
    await expect(openStore(newer)).rejects.toMatchObject({ code: 'SERVER_DATABASE_FOREIGN' });
    const foreign = await engine.newDatabase();
    const other = await openStore(foreign);
    await other.db.schema.dropTable('schema_version').execute();
    await other.close();
    await expect(openStore(foreign)).rejects.toMatchObject({
      code: 'SERVER_DATABASE_FOREIGN',
      message: expect.stringMatching(/something else/),
    });
  });

  test('numbers, bytes, sums, truth and nothing come back as they went in', async () => {
    const { db } = await fresh();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    const large = Number.MAX_SAFE_INTEGER;
    await db
      .insertInto('policies')
      .values([1, large].map((version) => ({ version, sha256: '', envelope: bytes, published_at: version })))
      .execute();
    const rows = await db.selectFrom('policies').select(['version', 'envelope', 'published_at']).orderBy('version').execute();
    expect(rows.map(({ version, published_at }) => [version, published_at])).toEqual([
      [1, 1],
      [large, large],
    ]);
    for (const { envelope } of rows) expect([Buffer.isBuffer(envelope), bytes.equals(envelope)]).toEqual([true, true]);
    const sums = await db
      .selectFrom('policies')
      .select((eb) => [
        eb.fn.count<number>('version').as('count'),
        eb.fn.sum<number>('published_at').as('sum'),
        eb.fn.max('sha256').as('text'),
        eb.exists(eb.selectFrom('policies').select('version').where('version', '=', 1)).as('there'),
        eb.fn.sum<number | null>(eb.fn('octet_length', ['envelope'])).as('bytes'),
      ])
      .where('version', '=', 1)
      .executeTakeFirstOrThrow();
    expect(sums).toEqual({ count: 1, sum: 1, text: '', there: 1, bytes: 256 });
    const none = await db
      .selectFrom('seats')
      .select((eb) => eb.fn.max('last_seen_at').as('last'))
      .executeTakeFirst();
    expect(none).toEqual({ last: null });
  });

  test('many rows at once: each is new once, whatever was there before, and every type arrives', async () => {
    const { db } = await fresh();
    const columns: BulkColumns<'evidence'> = {
      id: 'text',
      workstation_id: 'text',
      incarnation: 'text',
      start: 'bigint',
      kind: 'text',
      bytes: 'bytea',
      at: 'bigint',
    };
    const row = (at: number) => ({
      id: `id ${at}`,
      workstation_id: seat(at % 7),
      incarnation: `{"quoted", ${at}}`,
      start: at,
      kind: at % 2 === 0 ? "it's" : 'NULL',
      bytes: Buffer.from([at % 256, 0, 255]),
      at: 1_700_000_000_000 + at,
    });
    const insert = (rows: ReturnType<typeof row>[]): Promise<number> =>
      db.transaction().execute((transaction) => insertMany(transaction, 'evidence', columns, rows));
    const first = Array.from({ length: 1000 }, (_, at) => row(at));
    expect(await insert(first)).toBe(1000);
    expect(await insert(Array.from({ length: 1111 }, (_, at) => row(at)))).toBe(111);
    expect(await insert([])).toBe(0);
    const found = await db.selectFrom('evidence').selectAll().orderBy('start').execute();
    expect(found.length).toBe(1111);
    expect(found.slice(0, 1000)).toEqual(first);
    const alarms: BulkColumns<'alarms'> = {
      workstation_id: 'text',
      id: 'text',
      kind: 'text',
      detail: 'text',
      first_at: 'bigint',
      last_at: 'bigint',
      times: 'bigint',
      acknowledged_at: 'bigint',
      acknowledged_by: 'text',
    };
    const times = { first_at: 1, last_at: 2, times: 3, acknowledged_at: null, acknowledged_by: null };
    const alarm = { workstation_id: 'site', id: 'a', kind: 'k', detail: 'd', ...times };
    expect(await db.transaction().execute((transaction) => insertMany(transaction, 'alarms', alarms, [alarm]))).toBe(1);
    expect(await db.selectFrom('alarms').selectAll().execute()).toEqual([alarm]);
  });

  test('who holds a lock is alone until the commit, in this process and in others', async () => {
    const address = await engine.newDatabase();
    const [a, b] = [await open(address), await open(address)];
    let inside = 0;
    let most = 0;
    const work = ({ db }: Store): Promise<void> =>
      db.transaction().execute(async (transaction) => {
        await lockInTransaction(transaction, 'settings', 'x');
        inside += 1;
        most = Math.max(most, inside);
        const found = await transaction.selectFrom('settings').select('value').where('key', '=', 'n').executeTakeFirst();
        const value = String(Number(found?.value ?? 0) + 1);
        await transaction
          .insertInto('settings')
          .values({ key: 'n', value })
          .onConflict((c) => c.column('key').doUpdateSet({ value }))
          .execute();
        inside -= 1;
      });
    // SQLite: two connections of one process would wait for each other for ever, so each takes its turn there.
    if (engine.name === 'SQLite') for (const store of [a, b, a, b]) await Promise.all([work(store), work(store), work(store)]);
    else await Promise.all([a, b, a, b].flatMap((store) => [work(store), work(store), work(store)]));
    expect(most).toBe(1);
    expect(await a.db.selectFrom('settings').select('value').where('key', '=', 'n').execute()).toEqual([{ value: '12' }]);
  });

  test('processes that write the same log at once wait for each other and never fail', async () => {
    const address = await engine.newDatabase();
    const program = `
      const { openStore } = await import(process.argv[1]);
      const { openServerLog } = await import(process.argv[2]);
      const store = await openStore(process.argv[3]);
      const log = openServerLog(store.db, Date.now);
      await Promise.all(Array.from({ length: 40 }, (_, at) => log.append({ type: 'test', actor: String(at), body: { at } })));
      await store.close();
    `;
    const modules = [join(server, 'store/open.ts'), join(server, 'services/server-log.ts'), address];
    await Promise.all([0, 1, 2].map(() => run(process.execPath, ['--input-type=module', '--eval', program, ...modules])));
    const { db } = await open(address);
    expect(await openServerLog(db, Date.now).firstFault()).toBeNull();
    expect((await db.selectFrom('server_events').select('seq').execute()).length).toBe(120);
  });

  test('a change in one store wakes who waits at another; what rolls back and what is no change wakes nobody', async () => {
    const address = await engine.newDatabase();
    const [a, b] = [await open(address), await open(address)];
    const [here, there] = [openChanges(a, throwFault), openChanges(b, throwFault)];
    const never = new AbortController();
    let woken = 0;
    const wait = async (): Promise<void> => {
      await here.wait(60_000, never.signal);
      woken += 1;
    };
    // The first waiter makes the store listen, and is woken once to read anew.
    await wait();
    const waiting = wait();
    await b.db.insertInto('settings').values({ key: 'x', value: 'y' }).execute();
    await b.announce(b.db, 'changes');
    await expect(
      b.db.transaction().execute(async (transaction) => {
        await there.bump(transaction, 'policy');
        throw new Error('on purpose');
      }),
    ).rejects.toThrow('on purpose');
    await new Promise((next) => setTimeout(next, 700));
    expect(woken).toBe(1);
    const generation = await b.db.transaction().execute((transaction) => there.bump(transaction, 'policy'));
    await waiting;
    expect(await here.generation('policy')).toBe(generation);
    await here.close();
    await there.close();
  });

  test('a change of staff in one store wakes at another whom it concerns: its ward, its seat, everybody; a database that went back wakes all', async () => {
    const address = await engine.newDatabase();
    const [a, b] = [await open(address), await open(address)];
    const [here, there] = [openChanges(a, throwFault), openChanges(b, throwFault)];
    const gone = new AbortController();
    await here.wait(60_000, gone.signal);
    let woken: string[] = [];
    const wait = (at: number, wardId: string): void => {
      const name = `${wardId} ${at}`;
      void here.wait(60_000, gone.signal, { workstationId: seat(at), wardId }).then((why) => {
        woken.push(`${name} ${why}`);
        if (!gone.signal.aborted) wait(at, wardId);
      });
    };
    for (const [at, ward] of ['icu', 'icu', 'lab'].entries()) wait(at, ward);
    const after = async (change: () => Promise<unknown>, expected: readonly string[]): Promise<void> => {
      woken = [];
      await change();
      await until(() => woken.length >= expected.length);
      // Whoever else was woken was so in the same turn.
      await new Promise((next) => setImmediate(next));
      expect(woken.toSorted()).toEqual(expected);
    };
    const moved = (...scopes: string[]) => b.db.transaction().execute((transaction) => there.staffMoved(transaction, new Set(scopes)));
    await after(() => moved('ward/lab'), ['lab 2 changed']);
    await after(() => moved('ward/icu', 'ward/er'), ['icu 0 changed', 'icu 1 changed']);
    await after(() => moved(`seat/${seat(1)}`), ['icu 1 changed']);
    await after(() => moved('*'), ['icu 0 changed', 'icu 1 changed', 'lab 2 changed']);
    const back = async (): Promise<void> => {
      await b.db.updateTable('generations').set({ generation: 1 }).where('topic', '=', 'directory').execute();
      await b.announce(b.db, 'changes');
    };
    await after(back, ['icu 0 changed', 'icu 1 changed', 'lab 2 changed']);
    gone.abort();
    await here.close();
    await there.close();
  });

  test('the newest time at which a seat was heard of stays, whichever node writes it last', async () => {
    const { db } = await fresh();
    await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
    const names = { name: 'Bay', ward_id: 'icu', log_key: '', sealing_key: '', machine_id_sha256: '', os: '{}' };
    const rows = Array.from({ length: 2500 }, (_, at) => ({
      workstation_id: seat(at),
      ...names,
      enrolled_at: 0,
      revoked_at: null,
      last_seen_at: null,
    }));
    for (let from = 0; from < rows.length; from += 500)
      await db
        .insertInto('seats')
        .values(rows.slice(from, from + 500))
        .execute();
    const [a, b] = [openPresence(db, throwFault), openPresence(db, throwFault)];
    for (let at = 0; at < 2500; at += 1) {
      a.seen(seat(at), 1000 + at);
      b.seen(seat(at), at === 3 ? 9000 : 500);
    }
    expect(a.lastSeen(seat(7))).toBe(1007);
    await Promise.all([a.close(), b.close()]);
    const found = await db.selectFrom('seats').select('last_seen_at').orderBy('workstation_id').execute();
    expect(found.map(({ last_seen_at }) => last_seen_at)).toEqual(rows.map((_, at) => (at === 3 ? 9000 : 1000 + at)));
    expect(a.lastSeen(seat(7))).toBeNull();
  });

  test('statements that break a rule stay faults of ours and are not called an outage', async () => {
    const { db } = await fresh();
    const fault = await sql`select * from no_such_table`.execute(db).catch((cause: unknown) => cause);
    expect(fault).toBeInstanceOf(Error);
    expect(fault).not.toHaveProperty('code', 'SERVER_DATABASE_UNREACHABLE');
  });
});

describe('duties on PostgreSQL', () => {
  const engine = engines.find(({ name }) => name === 'PostgreSQL');
  if (engine === undefined) throw new Error('there is no such engine');
  beforeAll(engine.start);
  afterAll(engine.stop);

  test('one of two has it; when that one is gone the other is told and has it', async () => {
    const address = await engine.newDatabase();
    const [a, b] = [await openStore(address), await openStore(address)];
    let gained = 0;
    const first = a.duty('index');
    await until(() => first.held());
    const second = b.duty('index', () => {
      gained += 1;
    });
    const other = b.duty('silence');
    await until(() => other.held());
    expect([first.held(), second.held(), gained]).toEqual([true, false, 0]);
    await a.close();
    expect(first.held()).toBe(false);
    await until(() => second.held());
    expect(gained).toBe(1);
    await b.close();
  });
});
