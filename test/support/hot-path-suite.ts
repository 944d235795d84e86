/** The hot path of one engine against its rule, and the rule against statements that break it. */
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Tables } from '../../server/store/schema.ts';
import { type HotPath, serveHotPath } from './hot-path.ts';
import { unboundedIn } from './hot-path-bound.ts';
import { faultOf, type HotPathTables } from './hot-path-rule.ts';

/** One row for each period of retention, the same for every seat: a distributed database holds a copy on each of its nodes. */
const EVERYWHERE = ['period_keys'];
/** One row for each kind of change. */
const FEW = ['generations'];
/** Locks and announcements: they touch no table. */
const RAW = [/^select pg_advisory_xact_lock\(\d+, hashtext\(\$1\)\)$/, /^select pg_notify\(\$1, ''\)$/];

export function hotPathSuite(newDatabase: () => Promise<string>): void {
  let path: HotPath;
  let tables: HotPathTables;
  beforeAll(async () => {
    path = await serveHotPath(await newDatabase());
    tables = { ofSeats: path.ofSeats, allowed: new Set(EVERYWHERE), allowedRaw: RAW };
  });

  test('every kind of request is served, and what it asks of the database is seen', () => {
    const answers = Object.fromEntries(path.served.map(({ request, status }) => [request, status]));
    expect(answers).toEqual({
      'first anchor': 200,
      'first entry': 200,
      entries: 200,
      'the same again': 200,
      'half of it again': 200,
      'beyond what is stored': 409,
      anchor: 200,
      'anchor of another size': 409,
      'end of an epoch': 200,
      'start of the next': 200,
      'what will be other bytes': 200,
      'other bytes': 422,
    });
    for (const { statements } of path.served) expect(statements.length).toBeGreaterThanOrEqual(2);
    const written = path.served.flatMap(({ statements }) => statements.map(({ query }) => query.sql)).join('\n');
    for (const table of ['logs', 'segments', 'checkpoints', 'evidence', 'alarms']) expect(written).toContain(`insert into "${table}"`);
  });

  test('every statement of the hot path names the seat of each table that it touches', () => {
    const faults = path.served.flatMap(({ request, statements }) =>
      statements.flatMap(({ query }) => {
        const fault = faultOf(query.query, query.sql, tables);
        return fault === null ? [] : [`${request}: ${fault}: ${query.sql}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  test('the seat leads every key of the tables that the hot path writes', () => {
    const written = new Set(
      path.served.flatMap(({ statements }) =>
        statements.flatMap(({ query }) => /^(?:insert into|update) "(\w+)"/.exec(query.sql)?.[1] ?? []),
      ),
    );
    const keyed = [...written].filter((table) => !EVERYWHERE.includes(table));
    expect(keyed.length).toBeGreaterThanOrEqual(5);
    const keysOf = (table: string): readonly (readonly string[])[] => path.uniques.get(table) ?? [['no key']];
    expect(keyed.flatMap((table) => keysOf(table).map(([first]) => `${table} by ${first}`))).toEqual(
      keyed.flatMap((table) => keysOf(table).map(() => `${table} by workstation_id`)),
    );
  });

  test('every read of what seats ask again and again says itself how many rows it takes', () => {
    expect(path.turns.map(({ request, status }) => [request, status])).toEqual(path.turns.map(({ request }) => [request, 200]));
    expect(path.turns.length).toBeGreaterThanOrEqual(6);
    const faults = [...path.served, ...path.turns].flatMap(({ request, statements }) =>
      statements.flatMap(({ query }) => {
        const fault = unboundedIn(query.query, { uniques: path.uniques, small: new Set([...EVERYWHERE, ...FEW]) });
        return fault === null ? [] : [`${request}: ${fault}: ${query.sql}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  describe('the rule finds', () => {
    const db = new Kysely<Tables>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (of) => new SqliteIntrospector(of),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    });
    const seat = 'a'.repeat(32);
    const judge = (query: { compile(): { readonly query: Parameters<typeof faultOf>[0]; readonly sql: string } }): string | null => {
      const compiled = query.compile();
      return faultOf(compiled.query, compiled.sql, tables);
    };
    const segments = () => db.selectFrom('segments').select('start');

    test.each([
      ['a read without the seat', () => segments().where('incarnation', '=', 'b')],
      ['a seat that is one of two choices', () => segments().where((eb) => eb.or([eb('workstation_id', '=', seat), eb('start', '=', 0)]))],
      ['any seat but one', () => segments().where('workstation_id', '!=', seat)],
      ['a change of all seats', () => db.updateTable('logs').set({ size: 0 }).where('size', '=', 1)],
      ['a removal by time', () => db.deleteFrom('evidence').where('at', '<', 1)],
      [
        'a join by something else',
        () => segments().innerJoin('logs', 'logs.incarnation', 'segments.incarnation').where('segments.workstation_id', '=', seat),
      ],
      [
        'a subquery that forgets it',
        () =>
          segments()
            .where('workstation_id', '=', seat)
            .where('start', '=', (eb) => eb.selectFrom('logs').select('size').limit(1)),
      ],
      [
        'a common table expression that forgets it',
        () =>
          db
            .with('moved', (eb) => eb.updateTable('logs').set({ size: 1 }).where('size', '=', 0).returning('workstation_id'))
            .selectFrom('segments')
            .select('start')
            .where('workstation_id', '=', seat),
      ],
      ['a table that knows no seat', () => db.selectFrom('settings').select('value').where('key', '=', 'x')],
    ])('%s', (_name, make) => {
      expect(judge(make())).not.toBeNull();
    });

    test.each([
      ['a whole table', () => segments()],
      ['all of a seat', () => segments().where('workstation_id', '=', seat)],
      [
        'a range without an end',
        () => segments().where('workstation_id', '=', seat).where('incarnation', '=', 'b').where('start', '>=', 3),
      ],
      ['a bound that is one of two choices', () => segments().where((eb) => eb.or([eb('workstation_id', '=', seat), eb('start', '=', 0)]))],
      [
        'sums in groups',
        () =>
          db
            .selectFrom('logs')
            .select((eb) => eb.fn.countAll().as('n'))
            .groupBy('incarnation'),
      ],
    ])('without a bound: %s', (_name, make) => {
      expect(unboundedIn(make().compile().query, { uniques: path.uniques, small: new Set() })).not.toBeNull();
    });

    test.each([
      ['a limit', () => segments().where('workstation_id', '=', seat).limit(1)],
      ['a whole key', () => db.selectFrom('logs').select('size').where('workstation_id', '=', seat).where('incarnation', '=', 'b')],
      [
        'a range with two ends',
        () => segments().where('workstation_id', '=', seat).where('incarnation', '=', 'b').where('start', '>=', 3).where('start', '<', 9),
      ],
      ['one row of sums', () => db.selectFrom('logs').select((eb) => eb.fn.countAll().as('n'))],
    ])('nothing wrong with %s', (_name, make) => {
      expect(unboundedIn(make().compile().query, { uniques: path.uniques, small: new Set() })).toBeNull();
    });

    test('SQL that is written by hand', () => {
      const byHand = sql`select start from segments where workstation_id = ${seat}`.compile(db);
      expect(faultOf(byHand.query, byHand.sql, tables)).not.toBeNull();
    });

    test('nothing wrong with statements that name it', () => {
      expect(judge(segments().where('workstation_id', '=', seat).where('start', '<=', 3))).toBeNull();
      const joined = segments()
        .innerJoin('logs as l', 'l.workstation_id', 'segments.workstation_id')
        .where('segments.workstation_id', '=', seat);
      expect(judge(joined)).toBeNull();
      const moved = db
        .with('moved', (eb) => eb.updateTable('logs').set({ size: 1 }).where('workstation_id', '=', seat).returning('workstation_id'))
        .insertInto('seat_certificates')
        .columns(['workstation_id'])
        .expression((eb) => eb.selectFrom('moved').select('moved.workstation_id'));
      expect(judge(moved)).toBeNull();
    });
  });
}
