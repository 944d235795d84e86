/** Real requests of the hot path against a site in this process, and the statements that each of them made. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import { SimRecord } from '../../cli/sim/record.ts';
import { BATCH_BYTES, seatPaths } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { openSite, type Site } from '../../server/compose.ts';
import { createSeatsApp } from '../../server/http/seats-app.ts';
import type { Statement } from '../../server/store/engine.ts';
import type { HotPathTables } from './hot-path-rule.ts';

const fingerprint = 'f'.repeat(64);

export interface Served {
  readonly request: string;
  readonly status: number;
  readonly statements: readonly Statement[];
}

export interface HotPath {
  readonly served: readonly Served[];
  readonly ofSeats: HotPathTables['ofSeats'];
  /** Table to the first columns of its primary key and unique indexes. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

/** Serves every kind of request of the hot path once, with what each can come to. */
export async function serveHotPath(database: string): Promise<HotPath> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-hot-'));
  const current = new AsyncLocalStorage<Statement[]>();
  const onStatement = (statement: Statement): void => void current.getStore()?.push(statement);
  const site = await openSite({ stateFolder: folder, database, tenant: null, onStatement });
  try {
    const record = new SimRecord([nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))]);
    await putSeat(site, record);
    const { workstationId } = record;
    const app = await createSeatsApp(site, null, () => ({ workstationId, fingerprintSha256: fingerprint }));
    const served: Served[] = [];
    const serve = async (
      request: string,
      method: 'GET' | 'POST' | 'PUT',
      url: string,
      type: string,
      body: Uint8Array | string,
    ): Promise<void> => {
      const statements: Statement[] = [];
      const headers = { 'content-type': type };
      const answer = await current.run(statements, async () => app.inject({ method, url, headers, payload: Buffer.from(body) }));
      served.push({ request, status: answer.statusCode, statements });
    };
    const entries = (request: string, start: number, most: number): Promise<void> => {
      const { start: from, ...run } = record.log.run(start, { entries: most, bytes: BATCH_BYTES });
      return serve(request, 'PUT', `${seatPaths.entries}/${record.incarnation}/${from}`, 'application/octet-stream', encodeEntries(run));
    };
    const anchor = (request: string, oldSize: number): Promise<void> =>
      serve(request, 'POST', seatPaths.addCheckpoint, 'text/plain', record.anchorBody(oldSize));
    record.newEpoch();
    await anchor('first anchor', 0);
    await entries('first entry', 0, 1);
    record.append(20);
    await entries('entries', 1, 10);
    await entries('the same again', 1, 10);
    await entries('half of it again', 6, 10);
    await entries('beyond what is stored', 18, 2);
    await anchor('anchor', 1);
    await anchor('anchor of another size', 3);
    record.newEpoch();
    await entries('end of an epoch', 16, 100);
    record.append(3);
    await entries('start of the next', record.size - 3, 100);
    const honest = record.log;
    record.append(2);
    await entries('what will be other bytes', honest.size, 2);
    record.log = honest;
    record.append(2);
    await entries('other bytes', honest.size, 2);
    await app.close();
    return { served, ...(await describeTables(site)) };
  } finally {
    await site.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function putSeat({ store: { db } }: Site, record: SimRecord): Promise<void> {
  await db.insertInto('wards').values({ id: 'icu', name: 'ICU' }).execute();
  const sealing_key = Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(32))).toString('base64');
  const names = { name: 'Bay 4', ward_id: 'icu', machine_id_sha256: '', os: '{}', log_key: record.vkey, sealing_key };
  const workstation_id = record.workstationId;
  await db
    .insertInto('seats')
    .values({ workstation_id, ...names, enrolled_at: 0, revoked_at: null, last_seen_at: null })
    .execute();
  await db
    .insertInto('seat_certificates')
    .values({ workstation_id, fingerprint_sha256: fingerprint, issued_at: 0, not_after: Number.MAX_SAFE_INTEGER })
    .execute();
}

async function describeTables({ store: { db, engine } }: Site): Promise<Pick<HotPath, 'ofSeats' | 'keys'>> {
  const tables = await db.introspection.getTables();
  const ofSeats = new Set(tables.filter(({ columns }) => columns.some(({ name }) => name === 'workstation_id')).map(({ name }) => name));
  const { rows } =
    engine === 'postgres'
      ? await sql<{ name: string; first: string }>`select c.relname as name, a.attname as first from pg_index i
          join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
          join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] where i.indisunique`.execute(db)
      : await sql<{ name: string; first: string }>`select m.name as name, c.name as first from sqlite_master m
          join pragma_index_list(m.name) i on i."unique" = 1 join pragma_index_info(i.name) c on c.seqno = 0 where m.type = 'table'`.execute(
          db,
        );
  return {
    ofSeats,
    keys: new Map([...Map.groupBy(rows, ({ name }) => name)].map(([name, found]) => [name, found.map(({ first }) => first)])),
  };
}
