/**
 * Retention on a real server: what the policy lets go is destroyed, what a hold names stays, and nothing that is left of the
 * machine or of a backup from before opens what went. Time passes by the dates in the stopped server's database.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { enrolSimSeat, type SimSeat } from '../../cli/sim/seat.ts';
import type { EventList } from '../../contract/console-api.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { backUp } from '../../server/backup/backup.ts';
import { restore } from '../../server/backup/restore.ts';
import type { PurgeReport } from '../../server/services/purge.ts';
import { sendAll } from '../support/fault-server.ts';
import { cli, newToken, rows, type ServerProcess, startServer, until } from '../support/server-process.ts';

const SEVEN_YEARS_MS = 7 * 365.25 * 86_400_000;
const HOUR_MS = 3_600_000;
const session = (digit: string): string => digit.repeat(32);
const ada = session('a');
const eve = session('b');
/** What an event says in clear, and what must be nowhere after it was purged. */
const markers = {
  purged: 'MARKER-PURGED-0001',
  heldPerson: 'MARKER-HELD-EVE-02',
  heldSeat: 'MARKER-HELD-BAY-03',
  young: 'MARKER-YOUNG-00004',
};

/** Entries of Bay 1 before the years pass: four that open an epoch, and 3 + 2 + 4 events. */
const OLD_OF_BAY_1 = 13;

let folder: string;
let server: ServerProcess;
let bay1: SimSeat;
let bay2: SimSeat;
let backup: string;
let mirrorKey: string;
const readerKey = (): string => join(folder, 'reader.key');

const breakGlass = (who: string, person: string, note: string) => () =>
  canonicalJson({
    body: { limitSeconds: 900, note, person, policyVersion: 1, reason: 'emergency', session: who },
    type: 'breakglass.started',
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-purge-'));
  for (const kind of ['reader', 'escrow']) await cli(['keys', 'new', kind, '--out', join(folder, `${kind}.key`)]);
  server = await startServer(folder, { more: ['--reader-key', readerKey()] });
  const keys = JSON.parse(await cli(['keys', 'show', '--state', server.state, '--json']));
  ({ mirrorKey } = keys);
  await cli(['account', 'add', 'iris', '--state', server.state], 'correct horse battery\n');
  await writeFile(join(folder, 'password'), 'correct horse battery\n');
  [bay1, bay2] = [await seatCalled('Bay 1'), await seatCalled('Bay 2')];
  bay1.append(3, breakGlass(ada, 'n.ada', markers.purged));
  bay1.newEpoch();
  bay1.append(2, breakGlass(eve, 'n.eve', markers.heldPerson));
  bay1.newEpoch();
  bay1.append(4, breakGlass(ada, 'n.ada', markers.purged));
  bay1.newEpoch();
  bay2.append(2, breakGlass(ada, 'n.ada', markers.heldSeat));
  bay2.newEpoch();
  await sendAll(bay1);
  await sendAll(bay2);
  await indexed();
  backup = join(folder, 'before.backup');
  await backUp(`sqlite:${join(server.state, 'wardlock.db')}`, backup, () => undefined);
  const seatsPort = Number(new URL(server.ready.seats).port);
  await server.stop();
  await cp(join(server.state, 'period-keys'), join(folder, 'copied-keys'), { recursive: true });
  change((database) => {
    database.prepare('update segments set received_at = received_at - ?').run(SEVEN_YEARS_MS);
    database.prepare("update period_keys set period = '2019-11', made_at = made_at - ?").run(SEVEN_YEARS_MS);
  });
  server = await startServer(folder, { seatsPort, more: ['--reader-key', readerKey()] });
  bay1.append(2, breakGlass(ada, 'n.ada', markers.young));
  bay1.newEpoch();
  await sendAll(bay1, OLD_OF_BAY_1);
  await indexed();
  change((database) => database.prepare("update period_keys set made_at = made_at - ? where period > '2019-11'").run(HOUR_MS));
});
afterAll(async () => {
  bay1.client.close();
  bay2.client.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function publicKey(kind: string): Buffer {
  const file: { publicKey: string } = JSON.parse(readFileSync(join(folder, `${kind}.key.pub`), 'utf8'));
  return Buffer.from(file.publicKey, 'base64');
}

async function seatCalled(name: string): Promise<SimSeat> {
  return enrolSimSeat(server.ready.seats, await newToken(server.state, name), [publicKey('reader'), publicKey('escrow')]);
}

function change(work: (database: Database.Database) => void): void {
  const database = new Database(join(server.state, 'wardlock.db'), { timeout: 10_000 });
  try {
    work(database);
  } finally {
    database.close();
  }
}

function indexed(): Promise<unknown> {
  return until(
    () =>
      rows<{ behind: number }>(server.state, 'select (select sum(size) from logs) - (select sum(next_seq) from index_cursors) as behind')[0]
        ?.behind === 0,
  );
}

const asAuditor = (): string[] => [
  '--server',
  server.ready.console,
  '--ca',
  server.ready.ca,
  '--account',
  'iris',
  '--password-file',
  join(folder, 'password'),
];

async function search(...args: readonly string[]): Promise<EventList> {
  return JSON.parse(await cli(['audit', 'search', ...args, ...asAuditor(), '--json']));
}

async function purge(...args: readonly string[]): Promise<PurgeReport> {
  return JSON.parse(await cli(['server', 'purge', '--state', server.state, '--by', 'dpo', '--json', ...args]));
}

/** Every byte of every file of the state folder, the database's log included. */
function everything(state = server.state): Buffer {
  const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name))));
}

function exported(name: string, seat: string): Promise<string> {
  const out = join(folder, name);
  return cli([
    'audit',
    'export',
    ...asAuditor(),
    '--seat',
    seat,
    '--from',
    '2001-01-01T00:00:00Z',
    '--to',
    '2099-01-01T00:00:00Z',
    '--out',
    out,
  ]).then(() => out);
}

let holds: string[];

test('before: the index holds the events in clear, and a dry run says what would go and changes nothing', async () => {
  expect(everything().includes(markers.purged)).toBe(true);
  const place = (...args: readonly string[]): Promise<string> =>
    cli(['server', 'hold', 'place', '--state', server.state, '--by', 'counsel', '--json', ...args]);
  holds = [
    JSON.parse(await place('--person', 'n.eve', '--reason', 'case 7')).id,
    JSON.parse(await place('--seat', 'Bay 2', '--reason', 'case 8')).id,
  ];
  const state = () => rows(server.state, 'select start, length(entries) as bytes from segments order by workstation_id, start');
  const before = state();
  const report = await purge('--dry-run');
  expect(report).toMatchObject({ dryRun: true, retention: { days: 2192 }, logs: 1 });
  expect(report.entries).toBe(4 + 5);
  expect(report.held.map(({ hold, epochs }) => [hold, epochs]).sort()).toEqual(
    [
      [holds[0], 1],
      [holds[1], 1],
    ].sort(),
  );
  expect(state()).toEqual(before);
  expect(rows(server.state, 'select * from pruned_ranges')).toEqual([]);
});

test('without every period key nothing is purged', async () => {
  await expect(purge('--period-keys', join(folder, 'nowhere'))).rejects.toMatchObject({
    stderr: expect.stringContaining('SERVER_PERIOD_KEY_MISSING'),
  });
  expect(rows(server.state, 'select * from pruned_ranges')).toEqual([]);
});

test('the purge takes what is old and free, keeps what is held, and destroys the key of the month', async () => {
  const [key] = rows<{ id: string }>(server.state, "select id from period_keys where period = '2019-11'");
  const report = await purge();
  expect(report).toMatchObject({ dryRun: false, entries: 9, keys: { destroyed: [key?.id], waiting: [], cleaned: true } });
  expect(report.keys.resealed).toBeGreaterThan(0);
  const files = readdirSync(join(server.state, 'period-keys'));
  expect(files).not.toContain(`${key?.id}.key`);
  expect(files).toContain(`${key?.id}.destroyed`);
});

test('what went is in no file of the server any more; what is held or young is still found', async () => {
  await server.stop();
  const left = everything();
  expect(left.includes(markers.purged)).toBe(false);
  for (const kept of [markers.heldPerson, markers.heldSeat, markers.young]) expect(left.includes(kept)).toBe(true);
  server = await startServer(folder, { seatsPort: Number(new URL(server.ready.seats).port), more: ['--reader-key', readerKey()] });
  expect((await search('--person', 'n.eve')).events.map(({ says }) => says.includes(markers.heldPerson))).toEqual([true, true]);
  expect((await search('--seat', 'Bay 2', '--person', 'n.ada')).events.length).toBe(2);
  expect((await search('--seat', 'Bay 1', '--person', 'n.ada')).events.map(({ says }) => says.includes(markers.young))).toEqual([
    true,
    true,
  ]);
});

test('the index built again from what is left finds the same', async () => {
  await cli(['server', 'reindex', '--from-start', '--reader-key', readerKey(), '--state', server.state]);
  expect((await search('--person', 'n.eve')).events.length).toBe(2);
  const young = await search('--seat', 'Bay 1', '--person', 'n.ada');
  expect(young.events.length).toBe(2);
  expect(young.index).toMatchObject({ state: 'whole', unreadable: 0 });
});

test('proofs of what is left hold; an export names what was pruned, and verify takes the signed statement for it and no gap', async () => {
  const out = await exported('after.jsonl', 'Bay 1');
  expect(await cli(['audit', 'verify', out, '--key', mirrorKey])).toMatch(
    /^OK \d+ entries of 1 logs.*entries 0 to 3 and 7 to 11 were pruned by retention, as the server signed(, NOT YET IN THE LOG OF LOGS)?\n$/,
  );
  await expect(cli(['audit', 'verify', out, '--key', bay1.record.vkey])).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('PRUNED_UNPROVEN from 0 to 3'),
  });
  const lines = readFileSync(out, 'utf8').split('\n');
  const cut = join(folder, 'cut.jsonl');
  await writeFile(cut, lines.filter((line) => !line.includes('"kind":"entry","seq":5')).join('\n'));
  await expect(cli(['audit', 'verify', cut, '--key', mirrorKey])).rejects.toMatchObject({
    stdout: expect.stringContaining('ENTRY_MISSING entry 5'),
  });
  await writeFile(cut, lines.map((line) => (line.includes('"kind":"pruned"') ? line.replace('"end":4', '"end":5') : line)).join('\n'));
  await expect(cli(['audit', 'verify', cut, '--key', mirrorKey])).rejects.toMatchObject({
    stdout: expect.stringContaining('PRUNED_UNPROVEN'),
  });
});

test('the seat goes on, and what it sends once more of the pruned range is known by its hash and stored no second time', async () => {
  const size = () =>
    rows<{ bytes: number }>(
      server.state,
      'select sum(length(entries)) as bytes from segments where workstation_id = ?',
      bay1.workstationId,
    )[0]?.bytes;
  const before = size();
  expect((await bay1.put(bay1.batch(0, 256))).status).toBe(200);
  expect(size()).toBe(before);
  bay1.append(1);
  expect(await sendAll(bay1, bay1.size - 1)).toBe(bay1.size);
});

test('a backup from before, restored beside all keys that are left, opens nothing of what was purged', async () => {
  const state = join(folder, 'restored');
  await cp(server.state, state, { recursive: true, filter: (path) => !path.includes('wardlock.db') });
  const address = `sqlite:${join(state, 'wardlock.db')}`;
  await restore({ address, stateFolder: state, file: backup, force: false, tell: () => undefined });
  await cli([
    'server',
    'reindex',
    '--from-start',
    '--reader-key',
    readerKey(),
    '--reader-key',
    join(folder, 'escrow.key'),
    '--state',
    state,
  ]);
  expect(rows(state, 'select * from segments').length).toBeGreaterThan(0);
  expect(rows(state, "select * from indexed_events where type = 'record.unreadable'").length).toBeGreaterThan(0);
  expect(rows(state, "select * from indexed_events where type like 'breakglass%'")).toEqual([]);
  expect(everything(state).includes(markers.purged)).toBe(false);
});

test('only a copy of the month key from before the purge would open that backup: what no purge can reach', async () => {
  const state = join(folder, 'with-old-key');
  await cp(server.state, state, { recursive: true, filter: (path) => !path.includes('wardlock.db') && !path.includes('period-keys') });
  await cp(join(folder, 'copied-keys'), join(state, 'period-keys'), { recursive: true });
  const address = `sqlite:${join(state, 'wardlock.db')}`;
  await restore({ address, stateFolder: state, file: backup, force: false, tell: () => undefined });
  await cli(['server', 'reindex', '--reader-key', readerKey(), '--state', state]);
  expect(everything(state).includes(markers.purged)).toBe(true);
});

test('when a hold is lifted the next purge takes what it kept, and the fresh key goes with it', async () => {
  await cli(['server', 'hold', 'lift', holds[0] ?? '', '--reason', 'case closed', '--by', 'counsel', '--state', server.state]);
  await cli(['server', 'hold', 'lift', holds[1] ?? '', '--reason', 'case closed', '--by', 'counsel', '--state', server.state]);
  const report = await purge();
  expect(report.entries).toBe(3 + 3);
  expect(report.keys.destroyed.length).toBe(1);
  expect(
    rows<{ start: number; end: number }>(
      server.state,
      'select start, "end" from pruned_ranges where workstation_id = ?',
      bay1.workstationId,
    ),
  ).toEqual([{ start: 0, end: 12 }]);
  await server.stop();
  const left = everything();
  for (const gone of [markers.purged, markers.heldPerson, markers.heldSeat]) expect(left.includes(gone)).toBe(false);
  expect(left.includes(markers.young)).toBe(true);
  server = await startServer(folder, { more: ['--reader-key', readerKey()] });
  expect(await cli(['audit', 'verify', await exported('later.jsonl', 'Bay 2'), '--key', mirrorKey])).toContain('were pruned by retention');
});

test('once a seat is revoked nothing of its old record stays; the export says so and verifies', async () => {
  await cli(['seat', 'revoke', bay2.workstationId, '--state', server.state]);
  const report = await purge();
  expect(report.ranges).toEqual([{ workstationId: bay2.workstationId, incarnation: bay2.incarnation, from: 3, to: 3 }]);
  const out = await exported('revoked.jsonl', 'Bay 2');
  expect(await cli(['audit', 'verify', out, '--key', mirrorKey])).toMatch(
    /^OK 0 entries of 1 logs.*entries 0 to 3 were pruned by retention, as the server signed/,
  );
});

test('who held, lifted and purged what, and who searched, is in the server log, which is whole', async () => {
  const noted = rows<{ type: string; actor: string }>(
    server.state,
    "select distinct type, actor from server_events where type like 'hold.%' or type like 'record.%' or type = 'audit.read'",
  );
  expect(noted.map(({ type, actor }) => `${type} ${actor}`).sort()).toEqual([
    'audit.read iris',
    'hold.lifted counsel',
    'hold.placed counsel',
    'record.key-destroyed dpo',
    'record.purged dpo',
  ]);
});
