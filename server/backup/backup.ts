/**
 * Writes a backup: one moment of the whole database into one file, read again and checked before it gets its name. It holds no
 * key. Readable by its owner only.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { WardlockError } from '../../core/errors/index.ts';
import { refuseAbsentDatabase } from '../site/existing.ts';
import { schemaVersion } from '../store/migrate.ts';
import { openStore } from '../store/open.ts';
import { BACKUP_FORMAT, type Header, readLines, writeCell } from './format.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';
import { LEFT_OUT, readTables, type TableName } from './tables.ts';

/** Text that is collected before it goes on to the compressor. */
const PIECE_BYTES = 256 * 1024;
/** Most rows are ciphertext in base64: the fastest level gets its quarter back, higher ones hardly more. */
const LEVEL = 1;
const OWNER_ONLY = 0o600;

export interface Progress {
  readonly table: string;
  readonly rows: number;
}

export interface BackupDone {
  readonly file: string;
  readonly created: string;
  readonly engine: string;
  readonly tables: number;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the file. */
  readonly sha256: string;
}

/** Where a backup of this process is written until it is whole. */
export function partialOf(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}.part`);
}

/** @throws WardlockError START_USAGE when the file exists or the database does not, SERVER_BACKUP_BROKEN when what was written cannot be read back */
export async function backUp(address: string, file: string, tell: (progress: Progress) => void): Promise<BackupDone> {
  if (await exists(file))
    throw new WardlockError('START_USAGE', `${file} exists already. Name another file: a backup is never overwritten.`);
  if (!(await exists(dirname(resolve(file)))))
    throw new WardlockError('START_USAGE', `Cannot write ${file}. Its folder does not exist: make that first.`);
  refuseAbsentDatabase(address);
  const store = await openStore(address, { asItIs: true });
  const partial = partialOf(file);
  try {
    const { db, engine } = store;
    const tables = new Map([...(await readTables(db))].filter(([name]) => LEFT_OUT[name] === undefined));
    if (tables.size === 0) throw noSite();
    const { value: tenant } = await db.selectFrom('settings').select('value').where('key', '=', 'tenant').executeTakeFirstOrThrow(noSite);
    const header: Header = {
      kind: 'backup',
      format: BACKUP_FORMAT,
      created: new Date().toISOString(),
      schema: await schemaVersion(db),
      engine,
      tenant,
      leftOut: Object.keys(LEFT_OUT).sort(),
    };
    const snapshot = await openSnapshot(engine, address);
    try {
      const text = Readable.from(lines(snapshot, { header, tables, tell }));
      await pipeline(text, createGzip({ level: LEVEL }), createWriteStream(partial, { flags: 'wx', mode: OWNER_ONLY }));
    } finally {
      await snapshot.close();
    }
    const rows = await checkBackup(partial, (progress) => tell({ ...progress, table: `check of ${progress.table}` }));
    await settle(partial, file);
    const { size } = await stat(file);
    return { file, created: header.created, engine, tables: tables.size, rows: rows.rows, bytes: size, sha256: await hashOf(file) };
  } finally {
    await rm(partial, { force: true });
    await store.close();
  }
}

/** Reads a backup to its end. @throws WardlockError SERVER_BACKUP_BROKEN */
export async function checkBackup(
  file: string,
  tell: (progress: Progress) => void,
): Promise<{ readonly header: Header; readonly rows: number }> {
  let header: Header | null = null;
  let table = '';
  let rows = 0;
  for await (const line of readLines(file)) {
    if (Array.isArray(line)) {
      rows += 1;
      tell({ table, rows });
    } else if (line.kind === 'table') table = line.name;
    else if (header === null && rows === 0) header = line;
    else throw new WardlockError('SERVER_BACKUP_BROKEN', 'This backup has two beginnings.');
  }
  if (header === null) throw new WardlockError('SERVER_BACKUP_BROKEN', 'This is no backup: it does not say what it is.');
  return { header, rows };
}

interface Written {
  readonly header: Header;
  readonly tables: ReadonlyMap<TableName, readonly string[]>;
  readonly tell: (progress: Progress) => void;
}

async function* lines(snapshot: Snapshot, { header, tables, tell }: Written): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const counts: Record<string, number> = {};
  let pending: string[] = [`${JSON.stringify(header)}\n`];
  let size = 0;
  let total = 0;
  const flush = (): Buffer => {
    const bytes = Buffer.from(pending.join(''));
    hash.update(bytes);
    pending = [];
    size = 0;
    return bytes;
  };
  for (const [name, columns] of tables) {
    pending.push(`${JSON.stringify({ kind: 'table', name, columns })}\n`);
    counts[name] = 0;
    for await (const row of snapshot.rows(name, columns)) {
      const text = `${JSON.stringify(row.map(writeCell))}\n`;
      pending.push(text);
      size += text.length;
      counts[name] = (counts[name] ?? 0) + 1;
      total += 1;
      tell({ table: name, rows: total });
      if (size >= PIECE_BYTES) yield flush();
    }
  }
  yield flush();
  yield Buffer.from(`${JSON.stringify({ kind: 'end', rows: counts, sha256: hash.digest('hex') })}\n`);
}

const noSite = (): WardlockError => new WardlockError('START_USAGE', 'This database belongs to no site yet: there is nothing to back up.');

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** On the disk before it has its name, and never over another file. */
async function settle(partial: string, file: string): Promise<void> {
  for (const [path, step] of [
    [partial, 'file'],
    [dirname(file), 'folder'],
  ] as const) {
    if (step === 'folder') await link(partial, file);
    const handle = await open(path, 'r');
    await handle.sync();
    await handle.close();
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
