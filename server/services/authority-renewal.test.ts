/** A later certificate of the site's authority: made once for all nodes, recorded with it, and in force only after the commit. */
import { copyFileSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import { type Authority, openAuthority } from '../site/authority.ts';
import type { Store } from '../store/store.ts';
import { authorityStatus, renewAuthority } from './authority-renewal.ts';
import { openServerLog, type ServerLog } from './server-log.ts';

const DAY_MS = 86_400_000;
const MADE_AT = Date.UTC(2026, 0, 1);
const LIFE_MS = 3650 * DAY_MS;
const OVERLAP_MS = 1095 * DAY_MS;
const DUE_AT = MADE_AT + LIFE_MS - OVERLAP_MS;

let folder: string;
let store: Store;
let time: number;
let log: ServerLog;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-renewal-'));
  store = await testStore();
  time = MADE_AT;
  log = openServerLog(store.db, () => time);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A node with a state folder of its own; `like` is the one whose key files it was given. */
async function node(name: string, like?: string): Promise<Authority> {
  await mkdir(join(folder, name));
  if (like !== undefined) for (const file of ['ca.key', 'ca.pem']) copyFileSync(join(folder, like, file), join(folder, name, file));
  return (await openAuthority(join(folder, name), 'site', time)).authority;
}

const renew = (authority: Authority, by = log) => renewAuthority({ db: store.db, authority, log: by, now: () => time });
const fileOf = (name: string): string => readFileSync(join(folder, name, 'ca.pem'), 'utf8');
const events = () =>
  store.db.selectFrom('server_events').select(['type', 'actor', 'body']).where('type', '=', 'authority.renewed').execute();

async function seat(id: string, enrolledAt: number, reported: number | null, revokedAt: number | null = null): Promise<void> {
  const names = { name: `Bay ${id}`, ward_id: 'icu', machine_id_sha256: '', os: '{}', log_key: '', sealing_key: '' };
  const row = { workstation_id: id.repeat(32), ...names, enrolled_at: enrolledAt, revoked_at: revokedAt, last_seen_at: null };
  await store.db.insertInto('seats').values(row).execute();
  if (reported === null) return;
  const report = {
    workstation_id: row.workstation_id,
    kind: 'authority',
    version: reported,
    outcome: 'applied',
    code: null,
    message: null,
  };
  await store.db
    .insertInto('seat_reports')
    .values({ ...report, reported_at: time })
    .execute();
}

test('three years before its end and not before, two nodes that renew at once have the same later certificate, recorded once', async () => {
  const one = await node('one');
  const two = await node('two', 'one');
  const former = one.certificatePem;
  time = DUE_AT - 1;
  expect(await renew(one)).toBeNull();
  expect([one.certificatePem, await events()]).toEqual([former, []]);

  time = DUE_AT;
  await Promise.all([renew(one), renew(two)]);
  expect(one.end).toBe(DUE_AT + LIFE_MS);
  expect(two.certificatePem).toBe(one.certificatePem);
  expect([fileOf('one'), fileOf('two')]).toEqual([one.certificatePem, one.certificatePem]);
  expect(one.certificateDer.equals(two.certificateDer)).toBe(true);
  const [event, ...more] = await events();
  expect(more).toEqual([]);
  expect({ ...event, body: JSON.parse(event?.body ?? '') }).toEqual({
    type: 'authority.renewed',
    actor: 'server',
    body: { formerUntil: new Date(MADE_AT + LIFE_MS).toISOString(), until: new Date(DUE_AT + LIFE_MS).toISOString() },
  });
  // A machine whose key files are an old copy has the later one from the database.
  const [copy] = [await node('three', 'one')];
  expect(await renew(copy)).toMatchObject({ certificate: one.certificatePem, formerEnd: MADE_AT + LIFE_MS, at: DUE_AT });
  expect((await events()).length).toBe(1);
});

test('a node that is told late takes what the first one made, and a database from before takes nothing away', async () => {
  const one = await node('one');
  const two = await node('two', 'one');
  time = DUE_AT;
  await renew(one);
  time += 20 * DAY_MS;
  await renew(two);
  expect(fileOf('two')).toBe(one.certificatePem);
  await store.db.deleteFrom('settings').where('key', '=', 'authority').execute();
  expect(await renew(two)).toBeNull();
  expect(fileOf('two')).toBe(one.certificatePem);
});

test('what can not be recorded is not made: nothing is stored and nothing is in force', async () => {
  const one = await node('one');
  const former = one.certificatePem;
  time = DUE_AT;
  const full: ServerLog = { ...log, append: () => Promise.reject(new Error('no room')) };
  await expect(renew(one, full)).rejects.toThrow('no room');
  expect([one.certificatePem, fileOf('one')]).toEqual([former, former]);
  expect(await authorityStatus({ db: store.db, authority: one })).toEqual({
    until: new Date(MADE_AT + LIFE_MS).toISOString(),
    renewal: null,
  });
  expect(await renew(one)).toMatchObject({ at: DUE_AT });
});

test('a certificate of another key in the database is refused, and the present one stays', async () => {
  const foreign = await node('foreign');
  const own = await node('own');
  const former = own.certificatePem;
  time = DUE_AT;
  await renew(foreign);
  await expect(renew(own)).rejects.toMatchObject({ code: 'ENROL_AUTHORITY_FOREIGN' });
  expect([own.certificatePem, fileOf('own')]).toEqual([former, former]);
});

test('what a listener shows follows: the same names get a certificate whose chain ends with the later one', async () => {
  const one = await node('one');
  const identity = () => one.serverIdentity('seats', ['localhost'], time);
  time = DUE_AT;
  const before = await identity();
  expect((await identity()).certificate).toBe(before.certificate);
  await renew(one);
  const after = await identity();
  expect(after.certificate).not.toBe(before.certificate);
  expect(after.certificate.endsWith(one.certificatePem)).toBe(true);
  expect((await identity()).certificate).toBe(after.certificate);
});

test('the seats that lack it are counted and named: neither those that said so, nor those that enrolled since, nor revoked ones', async () => {
  const one = await node('one');
  await store.db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  time = DUE_AT;
  await renew(one);
  const [formerEnd, end] = [(MADE_AT + LIFE_MS) / 1000, (DUE_AT + LIFE_MS) / 1000];
  await seat('a', MADE_AT, null);
  await seat('b', MADE_AT, formerEnd);
  await seat('c', MADE_AT, end);
  await seat('d', DUE_AT + 1, null);
  await seat('e', MADE_AT, null, DUE_AT);
  const { renewal } = await authorityStatus({ db: store.db, authority: one });
  expect(renewal?.behind).toEqual({ count: 2, names: ['Bay a', 'Bay b'] });
});
