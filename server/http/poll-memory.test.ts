/** What a poll leaves behind in the memory of a server on SQLite, which ten thousand seats make it do again and again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CompiledQuery } from 'kysely';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seatPaths } from '../../contract/seat-api.ts';
import { openSite, type Site } from '../compose.ts';
import { createSeatsApp } from './seats-app.ts';

const workstationId = 'a'.repeat(32);
const fingerprintSha256 = 'f'.repeat(64);
/** SQLite's own names for tables and sorters that live for one statement. */
const THROWN_AWAY = ['OpenEphemeral', 'OpenAutoindex', 'SorterOpen'];
const Steps = Type.Array(Type.Object({ opcode: Type.String() }));
let folder: string;
let site: Site;
let asked: CompiledQuery[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-poll-memory-'));
  asked = [];
  const options = { stateFolder: folder, database: 'sqlite::memory:', tenant: null };
  site = await openSite({ ...options, onStatement: ({ query }) => void asked.push(query) });
  const { db } = site.store;
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const seat = { name: 'Bay 4', ward_id: 'icu', machine_id_sha256: '', os: '{}', log_key: '', sealing_key: '' };
  await db
    .insertInto('seats')
    .values({ workstation_id: workstationId, ...seat, enrolled_at: 0, revoked_at: null, last_seen_at: null })
    .execute();
  const certificate = { fingerprint_sha256: fingerprintSha256, issued_at: 0, not_after: Number.MAX_SAFE_INTEGER };
  await db
    .insertInto('seat_certificates')
    .values({ workstation_id: workstationId, ...certificate })
    .execute();
});
afterEach(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

async function stepsOf(query: CompiledQuery): Promise<string[]> {
  const { rows } = await site.store.db.executeQuery({ ...query, sql: `explain ${query.sql}` });
  return Value.Parse(Steps, rows).map(({ opcode }) => opcode);
}

test('a poll that finds nothing newer makes SQLite build no table or sorter that is thrown away: the next buffer keeps that memory', async () => {
  const app = await createSeatsApp(site, null, () => ({ workstationId, fingerprintSha256, until: 0 }));
  asked = [];
  const answer = await app.inject({ method: 'GET', url: `${seatPaths.updates}?policy=1&directory=1&wait=0` });
  const queries = [...asked];
  await app.close();
  expect(answer.json()).toMatchObject({ policy: null, directory: null, people: false });
  for (const table of ['seats', 'policies', 'scope_versions', 'seat_calls']) {
    expect(queries.map(({ sql }) => sql).join('\n')).toContain(`from "${table}"`);
  }
  for (const query of queries) {
    const thrownAway = (await stepsOf(query)).filter((step) => THROWN_AWAY.includes(step));
    expect({ sql: query.sql, thrownAway }).toEqual({ sql: query.sql, thrownAway: [] });
  }
});
