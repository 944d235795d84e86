/** What a purge takes and what it refuses to judge, on either engine: real entries, the clock of the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimLog } from '../../cli/sim/log.ts';
import { SimRecord } from '../../cli/sim/record.ts';
import { logKeyName, parseVerifierKey, treeHasher } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { testStore } from '../../test/support/test-store.ts';
import { openPeriodKeyFiles } from '../site/period-keys.ts';
import type { Store } from '../store/store.ts';
import { openEnvelopes } from './envelopes.ts';
import { type Holds, openHolds } from './holds.ts';
import { type Intake, openIntake } from './intake.ts';
import { openPeriodKeys, type PeriodKeys } from './period-keys.ts';
import { openPurge, type Purge } from './purge.ts';
import { openReader, type Reader } from './reader.ts';
import { openServerLog } from './server-log.ts';
import { openStories } from './stories.ts';

const hasher = treeHasher(nodeCrypto);
const readerKey = nodeCrypto.random(32);
const recipients = [nodeCrypto.hpkePublicKey(readerKey), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;
const LONG_AGO = Date.UTC(2019, 4, 5);
const TODAY = Date.UTC(2026, 10, 23);
const HOUR = 3_600_000;
const session = 'a'.repeat(32);

let folder: string;
let store: Store;
let clock: number;
let seat: SimRecord;
let intake: Intake;
let intakeWith: (keys: PeriodKeys) => Intake;
let reader: Reader;
let holds: Holds;
let purge: Purge;
let periodKeys: PeriodKeys;
let purgeParts: () => Parameters<typeof openPurge>[0];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-purge-'));
  store = await testStore();
  const { db } = store;
  clock = LONG_AGO;
  const now = (): number => clock;
  const log = openServerLog(db, now);
  const periodFiles = openPeriodKeyFiles(join(folder, 'period-keys'));
  periodKeys = openPeriodKeys({ db, crypto: nodeCrypto, files: periodFiles, now });
  const envelopes = openEnvelopes({ db, crypto: nodeCrypto, periodKeys });
  const mirror = { name: 'wardlock/site/mirror', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
  const logKeyOf = (vkey: string) => parseVerifierKey(nodeCrypto, vkey);
  intakeWith = (keys) => {
    const own = openEnvelopes({ db, crypto: nodeCrypto, periodKeys: keys });
    return openIntake({ db, crypto: nodeCrypto, hasher, mirror, envelopes: own, logKeyOf, now, onStored: () => undefined });
  };
  intake = intakeWith(periodKeys);
  reader = openReader({ db, crypto: nodeCrypto, readerKeys: [readerKey], envelopes, log, now });
  holds = openHolds({ db, log, now });
  const policies = { latest: async () => null };
  purgeParts = () => ({ db, crypto: nodeCrypto, envelopes, periodKeys, periodFiles, mirror, holds, log, now, policies });
  purge = openPurge(purgeParts());
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  seat = await enrol('Bay 1');
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function enrol(name: string): Promise<SimRecord> {
  const made = new SimRecord(recipients);
  const row = { name, ward_id: 'icu', enrolled_at: clock, log_key: made.vkey, sealing_key: '', machine_id_sha256: '', os: '{}' };
  await store.db
    .insertInto('seats')
    .values({ workstation_id: made.workstationId, ...row, revoked_at: null, last_seen_at: null })
    .execute();
  return made;
}

/** An epoch of a session of this person, closed and stored. */
async function epochOf(person: string): Promise<void> {
  if (seat.size === 0) seat.newEpoch();
  const event = (type: string) =>
    JSON.stringify({ body: { person, reason: 'logout', session: session.replace('a', person.slice(-1)) }, type });
  seat.append(1, () => event('session.ended'));
  seat.newEpoch();
  await send();
}

async function send(): Promise<void> {
  const { workstationId, incarnation, vkey: logKey } = seat;
  const stored = await store.db
    .selectFrom('logs')
    .select('size')
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '=', incarnation)
    .executeTakeFirst();
  let start = Number(stored?.size ?? 0);
  while (start < seat.size) {
    const run = seat.log.run(start, { entries: 256, bytes: 1_048_576 });
    const taken = await intake.take({ workstationId, incarnation, logKey, start, note: run.note, proof: run.proof, entries: run.entries });
    start = taken.size;
  }
}

const ask = { dryRun: false, by: 'dpo', clockIsRight: true };
const pruned = () => store.db.selectFrom('pruned_ranges').select(['start', 'end']).orderBy('start').execute();
const living = async (): Promise<string[]> =>
  (await store.db.selectFrom('period_keys').select('period').where('destroyed_at', 'is', null).orderBy('made_at').execute()).map(
    ({ period }) => period,
  );

test('whole months go after the time of the policy, epoch by epoch; the epoch in force and what is younger stay', async () => {
  await epochOf('p.a');
  await epochOf('p.b');
  await reader.catchUp();
  clock = Date.UTC(2025, 4, 30);
  expect((await purge.run(ask)).entries).toBe(0);
  clock = TODAY;
  await epochOf('p.c');
  expect((await purge.run(ask)).entries).toBe(4);
  expect(await pruned()).toEqual([{ start: 0, end: 4 }]);
  await reader.catchUp();
  expect((await store.db.selectFrom('indexed_events').select('seq').orderBy('seq').execute()).map(({ seq }) => Number(seq))).toEqual([
    4, 5, 6,
  ]);
});

/** Its store was replaced, or a run of the emergency log: the seat writes another log from here on. */
function beginLog(): void {
  const { workstation } = seat.log;
  seat.log = SimLog.begin(workstation, { name: logKeyName(workstation), signer: seat.signer });
}

async function revoke(): Promise<void> {
  await store.db.updateTable('seats').set({ revoked_at: clock }).where('workstation_id', '=', seat.workstationId).execute();
}

test('the last epoch of a revoked seat goes with the rest, and with it the last thing that its month key opened', async () => {
  await epochOf('p.a');
  await reader.catchUp();
  await revoke();
  clock = TODAY;
  expect(await purge.run({ ...ask, dryRun: true })).toMatchObject({ entries: 3, ranges: [{ from: 0, to: 2 }] });
  expect((await purge.run(ask)).entries).toBe(3);
  expect(await pruned()).toEqual([{ start: 0, end: 3 }]);
  expect(await store.db.selectFrom('indexed_events').select('seq').execute()).toEqual([]);
  clock += HOUR;
  expect(await purge.run(ask)).toMatchObject({ entries: 0, keys: { destroyed: [expect.stringMatching(/^2019-05-/)], resealed: 0 } });
});

test('what a revoked seat sent after the cutoff stays, and so does its last epoch where a hold names it', async () => {
  await epochOf('p.a');
  const { hold } = await holds.place({ seat: 'Bay 1', reason: 'case 7', by: 'counsel' });
  await revoke();
  clock = TODAY;
  expect(await purge.run(ask)).toMatchObject({ entries: 0, held: [{ hold: hold.id, epochs: 2 }] });
  await holds.lift(hold.id, { reason: 'over', by: 'counsel' });
  seat.append(1);
  await send();
  expect(await purge.run(ask)).toMatchObject({ entries: 2 });
  expect(await pruned()).toEqual([{ start: 0, end: 2 }]);
});

test('a log that the seat left for another goes whole; of the log that it may go on with, the last epoch stays', async () => {
  await epochOf('p.a');
  const left = seat.incarnation;
  clock += HOUR;
  beginLog();
  await epochOf('p.b');
  clock = TODAY;
  expect((await purge.run(ask)).entries).toBe(3 + 2);
  const ranges = await store.db.selectFrom('pruned_ranges').select(['incarnation', 'end']).execute();
  expect(new Map(ranges.map(({ incarnation, end }) => [incarnation, Number(end)]))).toEqual(
    new Map([
      [left, 3],
      [seat.incarnation, 2],
    ]),
  );
});

test('a log of which the seat has shown more than it sent has not ended: the rest may still come in the midst of its last epoch', async () => {
  await epochOf('p.a');
  const pinned = (size: number) => store.db.updateTable('logs').set({ pinned_size: size }).where('incarnation', '=', before).execute();
  const before = seat.incarnation;
  clock += HOUR;
  beginLog();
  await epochOf('p.b');
  await pinned(4);
  clock = TODAY;
  expect((await purge.run(ask)).entries).toBe(2 + 2);
  await pinned(3);
  expect((await purge.run(ask)).entries).toBe(1);
});

test('what a rebuild of the index had read before the purge and wrote after it goes with the next one', async () => {
  await epochOf('p.a');
  await reader.catchUp();
  const read = await store.db.selectFrom('indexed_events').selectAll().execute();
  clock = TODAY;
  await purge.run(ask);
  const left = () => store.db.selectFrom('indexed_events').select('seq').where('seq', '<', 2).execute();
  await store.db
    .insertInto('indexed_events')
    .values(read.filter(({ seq }) => Number(seq) < 2))
    .execute();
  expect(await left()).toHaveLength(2);
  await purge.run(ask);
  expect(await left()).toEqual([]);
});

test('the key of the month waits until nobody can seal to it any more, and goes with the next purge', async () => {
  await epochOf('p.a');
  clock = TODAY;
  const first = await purge.run(ask);
  expect(first.keys).toMatchObject({ destroyed: [], waiting: [expect.stringMatching(/^2019-05-/)] });
  expect(await living()).toEqual(['2019-05', '2026-11']);
  clock += HOUR;
  const second = await purge.run(ask);
  expect(second).toMatchObject({ entries: 0, keys: { destroyed: [expect.stringMatching(/^2019-05-/)], resealed: 1 } });
  expect(await living()).toContain('2026-11');
});

test('a key that was made while the clock ran years ahead is one of the month in which it is right again, and goes on in its order', async () => {
  clock = Date.UTC(2031, 0, 5);
  await periodKeys.current();
  clock = Date.UTC(2033, 0, 5);
  const { id } = await periodKeys.current();
  clock = LONG_AGO;
  expect(await periodKeys.current()).toMatchObject({ id, period: '2019-05' });
  expect(await living()).toEqual(['2019-05', '2019-05']);
  clock = TODAY;
  expect((await periodKeys.current()).period).toBe('2026-11');
});

test('what was sealed to a key of a clock that ran ahead, by a node that holds no keys, is purged like the rest', async () => {
  clock = Date.UTC(2033, 0, 5);
  const { id } = await periodKeys.current();
  clock = LONG_AGO;
  const files = openPeriodKeyFiles(join(folder, 'no-keys'));
  intake = intakeWith(openPeriodKeys({ db: store.db, crypto: nodeCrypto, files, now: () => clock }));
  await epochOf('p.a');
  clock = TODAY;
  expect((await purge.run(ask)).keys).toMatchObject({ destroyed: [], waiting: [id] });
  clock += HOUR;
  expect((await purge.run(ask)).keys).toMatchObject({ destroyed: [id], waiting: [] });
  expect(await living()).toContain('2026-11');
  expect(periodKeys.secret(id)).toBe('destroyed');
});

test('a person on hold keeps what is theirs; where the index cannot tell, everything is held', async () => {
  await epochOf('p.a');
  await epochOf('p.b');
  await holds.place({ person: 'p.b', reason: 'case 7', by: 'counsel' });
  clock = TODAY;
  expect(await purge.run(ask)).toMatchObject({ entries: 0, held: [{ epochs: 2, reason: 'case 7' }] });
  await reader.catchUp();
  expect(await purge.run(ask)).toMatchObject({ entries: 2, held: [{ epochs: 1 }] });
  expect(await pruned()).toEqual([{ start: 0, end: 2 }]);
});

test('a person on hold keeps also what only names them: a sign-in of somebody else that they confirmed', async () => {
  seat.newEpoch();
  const started = { confirmedBy: 'p.b', factors: ['pin'], person: 'p.a', policyVersion: 1, replaces: null, role: 'nurse', session };
  seat.append(1, () => JSON.stringify({ body: started, type: 'session.started' }));
  seat.newEpoch();
  await send();
  await reader.catchUp();
  await holds.place({ person: 'p.b', reason: 'case 7', by: 'counsel' });
  clock = TODAY;
  expect(await purge.run(ask)).toMatchObject({ entries: 0, held: [{ epochs: 1 }] });
});

test('a hold that is placed while a purge runs keeps what is not gone yet, in the same log too', async () => {
  await epochOf('p.a');
  const parts = purgeParts();
  let asked = 0;
  const list: Holds['list'] = async (which) => {
    const standing = await holds.list(which);
    asked += 1;
    // Between the look of the purge and its first transaction.
    if (asked === 2) await holds.place({ seat: 'Bay 1', reason: 'case 8', by: 'counsel' });
    return standing;
  };
  clock = TODAY;
  await expect(openPurge({ ...parts, holds: { ...holds, list } }).run(ask)).rejects.toMatchObject({ code: 'SERVER_PURGE_REFUSED' });
  expect(await pruned()).toEqual([]);
});

test('a hold on a time keeps what was recorded then, and nothing without a reason or without an object is a hold', async () => {
  await epochOf('p.a');
  const at = Date.now();
  await holds.place({ from: at - HOUR, to: at + HOUR, reason: 'the night of the fire', by: 'counsel' });
  clock = TODAY;
  expect(await purge.run(ask)).toMatchObject({ entries: 0, held: [{ epochs: 1 }] });
  await expect(holds.place({ reason: 'all', by: 'x' })).rejects.toMatchObject({ code: 'SERVER_HOLD_MALFORMED' });
  await expect(holds.place({ person: 'p.a', reason: ' ', by: 'x' })).rejects.toMatchObject({ code: 'SERVER_HOLD_MALFORMED' });
  await expect(holds.place({ seat: 'Bay 9', reason: 'x', by: 'x' })).rejects.toMatchObject({ code: 'SERVER_NOT_FOUND' });
});

test('a hold on a name keeps every machine of it, the one before and the one after; a hold on an id keeps one', async () => {
  const before = seat;
  await epochOf('p.a');
  seat = await enrol('Bay 1');
  await epochOf('p.b');
  const { hold, workstations } = await holds.place({ seat: 'Bay 1', reason: 'case 9', by: 'counsel' });
  expect(workstations.toSorted()).toEqual([before.workstationId, seat.workstationId].toSorted());
  seat = await enrol('Bay 1');
  await epochOf('p.c');
  seat = await enrol('Bay 2');
  await epochOf('p.d');
  clock = TODAY;
  expect(await purge.run(ask)).toMatchObject({ entries: 2, held: [{ hold: hold.id, epochs: 3 }] });
  await holds.place({ seat: before.workstationId, reason: 'case 10', by: 'counsel' });
  await holds.lift(hold.id, { reason: 'over', by: 'counsel' });
  expect(await purge.run(ask)).toMatchObject({ entries: 4, held: [{ epochs: 1, reason: 'case 10' }] });
});

test('refused uploads of every machine of a held name stay, and those of other seats go', async () => {
  const old = seat.workstationId;
  seat = await enrol('Bay 1');
  const other = await enrol('Bay 2');
  await holds.place({ seat: 'Bay 1', reason: 'case 9', by: 'counsel' });
  const upload = { incarnation: '0'.repeat(16), start: 0, kind: 'INTAKE_UNVERIFIED', bytes: Buffer.from('x'), at: LONG_AGO };
  for (const workstation_id of [old, seat.workstationId, other.workstationId])
    await store.db
      .insertInto('evidence')
      .values({ id: workstation_id, workstation_id, ...upload })
      .execute();
  clock = TODAY;
  await purge.run(ask);
  const left = await store.db.selectFrom('evidence').select('workstation_id').execute();
  expect(left.map(({ workstation_id }) => workstation_id).toSorted()).toEqual([old, seat.workstationId].toSorted());
});

test('a clock that runs years ahead of everything recorded purges nothing unless a person says that it is right', async () => {
  await epochOf('p.a');
  await holds.place({ seat: 'Bay 1', reason: 'only to have something recorded', by: 'counsel' });
  clock = TODAY;
  await expect(purge.run({ ...ask, clockIsRight: false })).rejects.toMatchObject({ code: 'SERVER_PURGE_REFUSED' });
  expect(await pruned()).toEqual([]);
});

test('a clock that jumped years ahead is not believed because the server went on recording under it', async () => {
  await epochOf('p.a');
  await holds.place({ seat: 'Bay 1', reason: 'before the jump', by: 'counsel' });
  clock = TODAY;
  const { hold } = await holds.place({ person: 'p.z', reason: 'after the jump', by: 'counsel' });
  const careful = { ...ask, clockIsRight: false };
  await expect(purge.run(careful)).rejects.toMatchObject({ code: 'SERVER_PURGE_REFUSED' });
  expect(await pruned()).toEqual([]);
  // A person looked at the clock once: that holds until it jumps again.
  await purge.run({ ...careful, clockIsRight: true });
  clock += HOUR;
  await holds.lift(hold.id, { reason: 'over', by: 'counsel' });
  expect(await purge.run(careful)).toMatchObject({ dryRun: false });
});

test('a month key that is not here stops the purge before it begins', async () => {
  await epochOf('p.a');
  await rm(join(folder, 'period-keys'), { recursive: true });
  clock = TODAY;
  await expect(purge.run(ask)).rejects.toMatchObject({ code: 'SERVER_PERIOD_KEY_MISSING' });
  expect(await pruned()).toEqual([]);
});

test('a story that lost its beginning to retention says so, and calls it no hole', async () => {
  seat.newEpoch();
  const started = { factors: ['pin'], person: 'p.a', policyVersion: 1, replaces: null, role: 'nurse', session };
  seat.append(1, () => JSON.stringify({ body: started, type: 'session.started' }));
  seat.newEpoch();
  await send();
  clock = TODAY;
  seat.append(1, () => JSON.stringify({ body: { person: 'p.a', reason: 'logout', session }, type: 'session.ended' }));
  seat.newEpoch();
  await send();
  await reader.catchUp();
  await purge.run(ask);
  const story = await openStories(store.db).story(seat.workstationId, session);
  expect(story.gaps).toMatchObject([{ from: 1, to: 1, state: 'pruned' }]);
  expect(story.events.map(({ type }) => type)).toContain('session.ended');
});
