/** Real requests of the hot path against a site in this process, and the statements that each of them made. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { sql } from 'kysely';
import { newKeyRequest } from '../../agent/syncer/identity.ts';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import { SimRecord } from '../../cli/sim/record.ts';
import { NEWS_INFO, NEWS_TYPE, type SeatNews, sealInfo } from '../../contract/people.ts';
import { BATCH_BYTES, seatPaths } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { wrap } from '../../crypto/sealed-envelope.ts';
import { openSite, type Site } from '../../server/compose.ts';
import { createSeatsApp } from '../../server/http/seats-app.ts';
import type { Statement } from '../../server/store/engine.ts';
import type { BoundTables } from './hot-path-bound.ts';
import type { HotPathTables } from './hot-path-rule.ts';

const fingerprint = 'f'.repeat(64);

export interface Served {
  readonly request: string;
  readonly status: number;
  readonly statements: readonly Statement[];
}

export interface HotPath {
  readonly served: readonly Served[];
  /** What else each seat asks again and again. */
  readonly turns: readonly Served[];
  readonly ofSeats: HotPathTables['ofSeats'];
  readonly uniques: BoundTables['uniques'];
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
    const app = await createSeatsApp(site, null, () => ({ workstationId, fingerprintSha256: fingerprint, until: 0 }));
    const served: Served[] = [];
    const turns: Served[] = [];
    const ask = async (request: string, asked: InjectOptions): Promise<Served> => {
      const statements: Statement[] = [];
      const answer = await current.run(statements, async () => app.inject(asked));
      return { request, status: answer.statusCode, statements };
    };
    const serve = async (
      request: string,
      method: 'POST' | 'PUT',
      url: string,
      [type, body]: readonly [string, Uint8Array | string],
    ): Promise<void> => {
      served.push(await ask(request, { method, url, headers: { 'content-type': type }, payload: Buffer.from(body) }));
    };
    const entries = (request: string, start: number, most: number): Promise<void> => {
      const { start: from, ...run } = record.log.run(start, { entries: most, bytes: BATCH_BYTES });
      return serve(request, 'PUT', `${seatPaths.entries}/${record.incarnation}/${from}`, ['application/octet-stream', encodeEntries(run)]);
    };
    const anchor = (request: string, oldSize: number): Promise<void> =>
      serve(request, 'POST', seatPaths.addCheckpoint, ['text/plain', record.anchorBody(oldSize)]);
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
    for (const [request, asked] of Object.entries(await turnsOf(site, record))) turns.push(await ask(request, asked));
    await app.close();
    return { served, turns, ...(await describeTables(site)) };
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

/** Nothing newer, somebody at the seat, a report, a certificate: what a seat asks for while nothing happens and while somebody works. */
async function turnsOf(site: Site, record: SimRecord): Promise<Readonly<Record<string, InjectOptions>>> {
  const { workstationId, signer } = record;
  const post = (url: string, payload: object): InjectOptions => ({ method: 'POST', url, payload });
  const news: SeatNews = {
    schema: 'wardlock-seat-news/1',
    tenant: site.tenant,
    workstationId,
    nonce: '0'.repeat(32),
    guesses: [{ person: 'ada', pin: Buffer.alloc(16).toString('base64'), failures: 1 }],
    right: [{ person: 'ben', pin: Buffer.alloc(16).toString('base64'), agoMs: 0 }],
    present: { person: 'ben', session: '0'.repeat(32), agoMs: 0, moved: false },
    items: [{ kind: 'badge', number: 1, person: 'ben', badge: '0'.repeat(64) }],
  };
  const info = sealInfo(NEWS_INFO, site.tenant, workstationId);
  const ends = { signer, publicKey: nodeCrypto.hpkePublicKey(site.keys.newsSeed) };
  const sealed = wrap(nodeCrypto, news, ends, { type: NEWS_TYPE, info });
  return {
    'nothing newer': { method: 'GET', url: `${seatPaths.updates}?policy=999999&directory=999999&wait=0` },
    people: post(seatPaths.people, { sealed }),
    'the same people': post(seatPaths.people, { sealed }),
    report: post(seatPaths.reports, { kind: 'policy', version: 1, outcome: 'applied', code: null, message: null }),
    renewal: post(seatPaths.renew, { csr: (await newKeyRequest()).csr.toString('base64') }),
    authority: { method: 'GET', url: seatPaths.authority },
  };
}

async function describeTables({ store: { db, engine } }: Site): Promise<Pick<HotPath, 'ofSeats' | 'uniques'>> {
  const tables = await db.introspection.getTables();
  const ofSeats = new Set(tables.filter(({ columns }) => columns.some(({ name }) => name === 'workstation_id')).map(({ name }) => name));
  const { rows } =
    engine === 'postgres'
      ? await sql<KeyColumn>`select c.relname as name, i.indexrelid::text as key, a.attname as part from pg_index i
          join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace and n.nspname = current_schema()
          join unnest(i.indkey) with ordinality as k(part, place) on true
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.part where i.indisunique order by i.indexrelid, k.place`.execute(db)
      : await sql<KeyColumn>`select m.name as name, i.name as key, c.name as part from sqlite_master m
          join pragma_index_list(m.name) i on i."unique" = 1 join pragma_index_info(i.name) c where m.type = 'table'
          order by m.name, i.name, c.seqno`.execute(db);
  const ofTables = Map.groupBy(rows, ({ name }) => name);
  const keysOf = (columns: readonly KeyColumn[]): string[][] =>
    [...Map.groupBy(columns, ({ key }) => key).values()].map((parts) => parts.map(({ part }) => part));
  return { ofSeats, uniques: new Map([...ofTables].map(([name, columns]) => [name, keysOf(columns)])) };
}

/** One column of a primary key or a unique index, in the order of its columns. */
interface KeyColumn {
  readonly name: string;
  readonly key: string;
  readonly part: string;
}
