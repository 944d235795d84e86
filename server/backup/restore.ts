/**
 * Puts a backup into a database of either engine, in one transaction: all of it or nothing. What was done after the backup is
 * gone, so the database says so itself, at once: an alarm, a row in the server's own log, and a new log of logs.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { treeHasher } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { readIfThere, replaceFile } from '../../crypto/secret-files.ts';
import { raiseAlarm } from '../services/alarms.ts';
import { CHECKPOINT_FILE } from '../services/log-of-logs/index.ts';
import { beginAnew } from '../services/log-of-logs/publisher.ts';
import { readLogs } from '../services/log-of-logs/store.ts';
import { noteRestore } from '../services/restores.ts';
import { EVERYBODY, raise } from '../services/scopes.ts';
import { openServerLog } from '../services/server-log.ts';
import { openAuthority } from '../site/authority.ts';
import { openSiteKeys, type SiteKeys } from '../site/keys.ts';
import { settleKeys } from '../site/same-keys.ts';
import { engineOf } from '../store/engine.ts';
import { bringUp, makeAnew, newestSchema } from '../store/migrate.ts';
import { openStore } from '../store/open.ts';
import type { Tables } from '../store/schema.ts';
import { checkBackup, type Progress } from './backup.ts';
import { type CellValue, type Header, readCell, readLines, type TableLine } from './format.ts';
import { refuseOpenFile, refuseOpenNodes } from './in-use.ts';
import { LEFT_OUT, readTables } from './tables.ts';

/** Bound values of one statement: both engines take more. */
const MOST_VALUES = 8000;
const MOST_ROW_BYTES = 4 * 1024 * 1024;
/** Seats take a directory only when its version is higher than theirs, which may have grown since the backup. */
const GENERATION_LEAP = 1_000_000;
/** Without them a folder is not this site's. */
const NEEDED_FILES = ['ca.pem', 'ca.key', 'witness.key', 'mirror.key', 'log.key', 'directory.key', 'badge.key', 'storage.key'];

export interface RestoreWanted {
  readonly address: string;
  readonly stateFolder: string;
  readonly file: string;
  /** Replaces what the database holds. */
  readonly force: boolean;
  readonly tell: (progress: Progress) => void;
}

export interface RestoreDone {
  readonly created: string;
  readonly tenant: string;
  readonly from: string;
  readonly into: string;
  readonly rows: number;
}

/**
 * @throws WardlockError START_USAGE, SERVER_BACKUP_BROKEN, SERVER_RESTORE_REFUSED, SERVER_DATABASE_IN_USE, SERVER_DATABASE_FOREIGN,
 * START_STATE_FOREIGN
 */
export async function restore({ address, stateFolder, file, force, tell }: RestoreWanted): Promise<RestoreDone> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new WardlockError('START_USAGE', `There is no file at ${file}. Name a backup that \`server backup\` wrote.`);
  const { header, rows } = await checkBackup(file, (progress) => tell({ ...progress, table: `check of ${progress.table}` }));
  if (header.schema > newestSchema) {
    throw new WardlockError(
      'SERVER_DATABASE_FOREIGN',
      `This backup has schema ${header.schema}; this build knows ${newestSchema}. Update the server.`,
    );
  }
  const missing = NEEDED_FILES.filter((name) => !existsSync(join(stateFolder, name)));
  if (missing.length > 0) {
    throw new WardlockError(
      'START_STATE_FOREIGN',
      `${stateFolder} lacks ${missing.join(', ')}. Copy the key files of the site there first: no backup holds them.`,
    );
  }
  const keys = openSiteKeys(stateFolder, nodeCrypto);
  const { authority } = await openAuthority(stateFolder, header.tenant, Date.now());
  const checkpointFile = join(stateFolder, CHECKPOINT_FILE);
  const published = readIfThere(checkpointFile)?.toString('utf8') ?? '';
  refuseOpenFile(address);
  const store = await openStore(address);
  try {
    const note = await store.db.transaction().execute(async (transaction) => {
      if (engineOf(transaction) === 'postgres') await sql`select set_config('statement_timeout', '0', true)`.execute(transaction);
      await refuseOpenNodes(transaction);
      const held = await heldRows(transaction);
      if (held !== null && !force) {
        throw new WardlockError(
          'SERVER_RESTORE_REFUSED',
          `The database holds ${held} already. Name an empty one, or give --force to replace it.`,
        );
      }
      await empty(transaction, header);
      await load(transaction, file, tell);
      await bringUp(transaction);
      await settleKeys(transaction, authority, keys);
      return mark(transaction, { header, keys, published });
    });
    replaceFile(checkpointFile, Buffer.from(note));
    return { created: header.created, tenant: header.tenant, from: header.engine, into: store.engine, rows };
  } finally {
    await store.close();
  }
}

/** What would be replaced, in words; null when nothing of a site is there. */
async function heldRows(db: Kysely<Tables>): Promise<string | null> {
  for (const table of ['seats', 'segments', 'persons', 'accounts', 'policies', 'server_events', 'transparency_entries'] as const) {
    const { count } = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    if (Number(count) > 0) return `${Number(count)} rows of ${table}`;
  }
  return null;
}

/** Tables as the backup's schema has them, without a row. */
async function empty(db: Kysely<Tables>, { schema }: Header): Promise<void> {
  const tables = [...(await readTables(db)).keys()].reverse();
  if (schema < newestSchema) return makeAnew(db, tables, schema);
  for (const table of tables) if (table !== 'schema_version') await sql`delete from ${sql.table(table)}`.execute(db);
}

async function load(db: Kysely<Tables>, file: string, tell: (progress: Progress) => void): Promise<void> {
  const known = await readTables(db);
  let table: TableLine | null = null;
  let pending: CellValue[][] = [];
  let bytes = 0;
  let rows = 0;
  const flush = async (): Promise<void> => {
    if (table !== null && pending.length > 0) await insert(db, table, pending);
    pending = [];
    bytes = 0;
  };
  for await (const line of readLines(file)) {
    if (Array.isArray(line)) {
      const row = line.map(readCell);
      pending.push(row);
      bytes += row.reduce<number>((sum, cell) => sum + (cell === null || typeof cell === 'number' ? 8 : cell.length), 0);
      rows += 1;
      if (table !== null) tell({ table: table.name, rows });
      if (bytes >= MOST_ROW_BYTES || (pending.length + 1) * row.length > MOST_VALUES) await flush();
    } else if (line.kind === 'table') {
      await flush();
      const columns = [...known].find(([name]) => name === line.name)?.[1];
      const fits = columns !== undefined && line.columns.every((column) => columns.includes(column)) && !Object.hasOwn(LEFT_OUT, line.name);
      if (!fits) throw new WardlockError('SERVER_BACKUP_BROKEN', `This backup has a table ${line.name} that this build does not know.`);
      table = line;
    }
  }
  await flush();
}

async function insert(db: Kysely<Tables>, { name, columns }: TableLine, rows: readonly CellValue[][]): Promise<void> {
  const values = rows.map((row) => sql`(${sql.join(row)})`);
  await sql`insert into ${sql.table(name)} (${sql.join(columns.map((column) => sql.ref(column)))}) values ${sql.join(values)}`.execute(db);
}

interface Marked {
  readonly header: Header;
  readonly keys: SiteKeys;
  /** The last checkpoint that this machine published; empty where it has none. */
  readonly published: string;
}

/** Writes down that the database went back in time, and makes what must not come back end. Answers the new log's checkpoint. */
async function mark(db: Kysely<Tables>, { header, keys, published }: Marked): Promise<string> {
  const at = Date.now();
  const body = { backup: header.created, engine: header.engine };
  await noteRestore(db, { at: new Date(at).toISOString(), ...body });
  await db
    .updateTable('generations')
    .set((eb) => ({ generation: eb('generation', '+', GENERATION_LEAP) }))
    .execute();
  const staff = await db.selectFrom('generations').select('generation').where('topic', '=', 'directory').executeTakeFirst();
  if (staff !== undefined) await raise(db, 'directory', [EVERYBODY], Number(staff.generation));
  await db.updateTable('enrolment_tokens').set({ expires_at: at }).where('used_by', 'is', null).where('expires_at', '>', at).execute();
  const detail = `This database was restored on ${new Date(at).toISOString()} from a backup of ${header.created}. What was done between is gone: do revocations, staff, accounts, policies and legal holds again, before anything is purged, and make new enrolment tokens. Seats that were enrolled since are refused: enrol them again, with empty state folders. The others send what they still have.`;
  await raiseAlarm(db, { workstationId: null, kind: 'SERVER_RESTORED', detail, at });
  await openServerLog(db, () => at).append({ type: 'server.restored', actor: 'cli', body }, db);
  const before = published === '' ? ((await readLogs(db)).at(-1)?.note ?? '') : published;
  const parts = { db, hasher: treeHasher(nodeCrypto), crypto: nodeCrypto, tenant: header.tenant, signer: keys.log, now: () => at };
  return beginAnew(parts, db, before);
}
