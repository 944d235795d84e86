/**
 * The reader role on a machine of its own: a node that holds no key takes entries in, a reader with nothing but its keys and
 * the database fills the index, several keys at once, and a rebuild that is killed goes on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { enrolSimSeat, type SimSeat } from '../../cli/sim/seat.ts';
import type { EventList } from '../../contract/console-api.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { indexState } from '../../server/services/index-state.ts';
import { openStore } from '../../server/store/open.ts';
import { engines } from '../support/engines.ts';
import { sendAll } from '../support/fault-server.ts';
import { testPolicy } from '../support/policy.ts';
import { cli, type ServerProcess, startServer, until } from '../support/server-process.ts';

/** The statements of docs/server.md, so that what stands there is what was tried. */
function readerRole(password: string): string {
  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/server.md'), 'utf8');
  const [, sql] = /```sql\n(create role wardlock_reader[\s\S]*?)```/.exec(docs) ?? [];
  if (sql === undefined) throw new Error('docs/server.md has no statements for the reader role');
  return sql.replace("'…'", password);
}

const program = resolve(import.meta.dirname, '../../cli/main.ts');
const launched = (app: string) => () =>
  canonicalJson({ body: { app, code: 'LAUNCH_APP_UNKNOWN', reason: 'not-in-policy', session: null }, type: 'app.refused' });

describe.each(engines)('a reader of its own on $name', (engine) => {
  let folder: string;
  let database: string;
  let server: ServerProcess;
  let before: SimSeat;
  let after: SimSeat;
  let reader: ChildProcess | null = null;
  const key = (name: string): string => join(folder, `${name}.key`);
  const publicKey = (name: string): Buffer => {
    const file: { publicKey: string } = JSON.parse(readFileSync(`${key(name)}.pub`, 'utf8'));
    return Buffer.from(file.publicKey, 'base64');
  };
  const periodKeys = (): string => join(server.state, 'period-keys');
  const at = (): string[] => ['--database', database, '--state', join(folder, 'elsewhere'), '--period-keys', periodKeys()];
  const reindex = (...names: readonly string[]): Promise<string> =>
    cli(['server', 'reindex', '--from-start', '--json', ...at(), ...names.flatMap((name) => ['--reader-key', key(name)])]);
  const asAuditor = (): string[] => [
    ...['--server', server.ready.console, '--ca', server.ready.ca],
    ...['--account', 'iris', '--password-file', join(folder, 'password')],
  ];
  const search = async (...args: readonly string[]): Promise<EventList> =>
    JSON.parse(await cli(['audit', 'search', ...args, '--json', ...asAuditor()]));

  async function caughtUp(): Promise<void> {
    const store = await openStore(database);
    try {
      await until(async () => (await indexState(store.db)).state === 'whole');
    } finally {
      await store.close();
    }
  }

  async function seatSealedTo(name: string, seat: string): Promise<SimSeat> {
    const made: { token: string } = JSON.parse(
      await cli([
        'enrol-token',
        'new',
        '--state',
        server.state,
        '--database',
        database,
        '--seat',
        seat,
        '--ward',
        'icu',
        '--ward-name',
        'ICU',
        '--json',
      ]),
    );
    return enrolSimSeat(server.ready.seats, made.token, [publicKey(name), publicKey('escrow')]);
  }

  beforeAll(async () => {
    await engine.start();
    folder = await mkdtemp(join(tmpdir(), 'wardlock-reader-'));
    database = await engine.newDatabase();
    for (const [kind, name] of [
      ['reader', 'old'],
      ['reader', 'new'],
      ['escrow', 'escrow'],
    ] as const) {
      await cli(['keys', 'new', kind, '--out', key(name)]);
    }
    server = await startServer(folder, { more: ['--database', database] });
    await cli(['account', 'add', 'iris', '--state', server.state, '--database', database], 'correct horse battery\n');
    await writeFile(join(folder, 'password'), 'correct horse battery\n');
    before = await seatSealedTo('old', 'Bay 1');
    after = await seatSealedTo('new', 'Bay 2');
    before.append(600, launched('solitaire'));
    after.append(3, launched('chess'));
    await sendAll(before);
    await sendAll(after);
  });
  afterAll(async () => {
    reader?.kill('SIGKILL');
    before.client.close();
    after.client.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    await engine.stop();
  });

  test('the node that takes entries in has no key that decrypts, and says how much of them is in no index', async () => {
    expect(await search('--app', 'chess')).toMatchObject({ events: [], index: { state: 'behind', indexed: 0 } });
  });

  test('an export needs no index: it is found by the headers, sealed, and verifies', async () => {
    const out = join(folder, 'sealed.jsonl');
    const when = ['--from', '2001-01-01T00:00:00Z', '--to', '2099-01-01T00:00:00Z'];
    await cli(['audit', 'export', ...asAuditor(), '--seat', 'Bay 1', ...when, '--out', out]);
    const { mirrorKey }: { mirrorKey: string } = JSON.parse(
      await cli(['keys', 'show', '--state', server.state, '--database', database, '--json']),
    );
    expect(await cli(['audit', 'verify', out, '--key', mirrorKey])).toMatch(/^OK 601 entries of 1 logs.*600 ARE SEALED/);
  });

  test('a reader process with an empty state folder keeps the index up to date', async () => {
    const args = ['server', 'reader', '--json', ...at(), '--reader-key', key('new')];
    reader = spawn(process.execPath, [program, ...args], { stdio: 'ignore' });
    await caughtUp();
    expect((await search('--app', 'chess')).events.length).toBe(3);
    after.append(2, launched('chess'));
    await sendAll(after, after.size - 2);
    await caughtUp();
    expect((await search('--app', 'chess', '--limit', '2', '--pages', '3')).events.length).toBe(5);
    const done = new Promise((ended) => reader?.once('exit', ended));
    reader.kill('SIGTERM');
    expect(await done).toBe(0);
    reader = null;
  });

  test('what only the old key opens is counted and told of; with both keys all is there, nothing is sealed again', async () => {
    const partly = await search('--app', 'solitaire');
    expect(partly).toMatchObject({ events: [], index: { unreadable: 600 } });
    expect(JSON.parse(await reindex('new', 'old'))).toMatchObject({ state: 'whole', unreadable: 0 });
    expect((await search('--app', 'solitaire', '--limit', '7')).events.length).toBe(7);
    expect((await search('--app', 'chess')).events.length).toBe(5);
  });

  test('keys recipients tells before the change whether the reader would still read', async () => {
    const named = { reader: publicKey('new').toString('base64'), escrow: publicKey('escrow').toString('base64') };
    const file = join(folder, 'policy.json');
    await writeFile(file, JSON.stringify(testPolicy(1, named)));
    await cli(['policy', 'publish', file, '--server', server.ready.console, '--key', join(folder, 'policy.key'), '--ca', server.ready.ca]);
    const ask = (...names: readonly string[]): Promise<string> =>
      cli(['keys', 'recipients', '--state', server.state, '--database', database, ...names.flatMap((name) => ['--reader-key', key(name)])]);
    expect(await ask('old', 'new')).toContain('The reader opens new epochs.');
    await expect(ask('old')).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('NO new epoch') });
  });

  test('a rebuild that is killed is not taken for whole, and goes on from where it was', async () => {
    await reindex('new', 'old');
    const store = await openStore(database);
    try {
      // As a kill leaves it: dropped, noted as building, some of it done.
      await store.db.deleteFrom('indexed_events').where('workstation_id', '=', before.workstationId).where('seq', '>=', 512).execute();
      await store.db.updateTable('index_cursors').set({ next_seq: 512 }).where('workstation_id', '=', before.workstationId).execute();
      const value = JSON.stringify({ since: '2026-01-01T00:00:00.000Z', reader: 'killed', beat: 0 });
      await store.db.insertInto('settings').values({ key: 'index.building', value }).execute();
      expect((await search('--app', 'chess')).index.state).toBe('building');
      const args = ['server', 'reindex', '--json', ...at(), '--reader-key', key('new'), '--reader-key', key('old')];
      expect(JSON.parse(await cli(args))).toMatchObject({ state: 'whole', entries: before.size + after.size });
      expect((await search('--app', 'chess')).index.state).toBe('whole');
    } finally {
      await store.close();
    }
  });

  test('a role of the database that may read segments and write the index is enough for the reader', async ({ skip }) => {
    skip(engine.name === 'SQLite', 'SQLite has no roles');
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    try {
      await client.query(readerRole("'only-for-this-test'"));
    } finally {
      await client.end();
    }
    const narrow = database.replace(/\/\/[^@]*@/, '//wardlock_reader:only-for-this-test@');
    expect(narrow).not.toBe(database);
    const where = ['--database', narrow, '--state', join(folder, 'narrow'), '--period-keys', periodKeys()];
    const args = ['server', 'reindex', '--from-start', '--json', ...where, '--reader-key', key('new'), '--reader-key', key('old')];
    expect(JSON.parse(await cli(args))).toMatchObject({ state: 'whole', unreadable: 0 });
    const refused = new pg.Client({ connectionString: narrow });
    await refused.connect();
    try {
      for (const deed of ['select * from persons', 'select * from accounts', 'delete from segments', 'delete from server_events']) {
        await expect(refused.query(deed)).rejects.toMatchObject({ code: '42501' });
      }
    } finally {
      await refused.end();
    }
  });

  test('every search and every reading of the reader is in the server log', async () => {
    const store = await openStore(database);
    try {
      const noted = await store.db
        .selectFrom('server_events')
        .select(['type', 'actor'])
        .distinct()
        .where('type', 'in', ['audit.read', 'reader.reading'])
        .execute();
      expect(noted.map(({ type, actor }) => `${type} ${actor}`).sort()).toEqual(['audit.read iris', 'reader.reading reader']);
    } finally {
      await store.close();
    }
  });
});
