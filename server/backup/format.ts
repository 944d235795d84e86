/**
 * The form of a backup, the same for both engines: gzip of JSON lines. The first line says what it is, then each table with its
 * rows, and the last line counts them and carries the SHA-256 of every byte before it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Count, Id, Sha256Hex, Timestamp } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';

const closed = { additionalProperties: false } as const;
const Name = Type.String({ pattern: '^[a-z][a-z0-9_]{0,62}$' });

export const BACKUP_FORMAT = 'wardlock-backup/1';
export const Header = Type.Object(
  {
    kind: Type.Literal('backup'),
    format: Type.Literal(BACKUP_FORMAT),
    created: Timestamp,
    /** Number of the last migration of the database that was read. */
    schema: Count,
    engine: Type.Union([Type.Literal('sqlite'), Type.Literal('postgres')]),
    tenant: Id,
    leftOut: Type.Array(Name),
  },
  closed,
);
export const TableLine = Type.Object({ kind: Type.Literal('table'), name: Name, columns: Type.Array(Name, { minItems: 1 }) }, closed);
const Bytes = Type.Object({ base64: Type.String() }, closed);
const Cell = Type.Union([Type.Null(), Type.String(), Type.Number(), Bytes]);
export const RowLine = Type.Array(Cell);
export const EndLine = Type.Object({ kind: Type.Literal('end'), rows: Type.Record(Name, Count), sha256: Sha256Hex }, closed);
const Line = Type.Union([RowLine, TableLine, Header, EndLine]);

export type Header = Static<typeof Header>;
export type TableLine = Static<typeof TableLine>;
export type Line = Static<typeof Line>;
type Cell = Static<typeof Cell>;
/** What the databases hold: text, exact numbers, bytes or nothing. */
export type CellValue = null | string | number | Buffer;

/** The longest line that is read: a batch of entries or a policy is far below it. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const LINE_FEED = 0x0a;

export function writeCell(value: unknown): Cell {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (value instanceof Uint8Array) return { base64: Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64') };
  throw new WardlockError('SERVER_DATABASE_FOREIGN', 'The database holds a value that is neither text, a number nor bytes.');
}

export function readCell(cell: Cell): CellValue {
  return typeof cell === 'object' && cell !== null ? Buffer.from(cell.base64, 'base64') : cell;
}

export function broken(why: string, cause?: unknown): WardlockError {
  return new WardlockError(
    'SERVER_BACKUP_BROKEN',
    `This backup ${why}. Nothing was changed. Take another one.`,
    cause === undefined ? {} : { cause },
  );
}

/** Every line of a file up to its last one, which must be there and fit all before it. @throws WardlockError SERVER_BACKUP_BROKEN */
export async function* readLines(path: string): AsyncGenerator<Exclude<Line, Static<typeof EndLine>>> {
  const hash = createHash('sha256');
  const rows: Record<string, number> = {};
  let table: TableLine | null = null;
  let ended = false;
  for await (const bytes of rawLines(path)) {
    if (ended) throw broken('goes on after its last line');
    const line = parse(bytes);
    if (!Array.isArray(line) && line.kind === 'end') {
      const names = new Set([...Object.keys(rows), ...Object.keys(line.rows)]);
      const counted = [...names].every((name) => rows[name] === line.rows[name]);
      if (hash.digest('hex') !== line.sha256 || !counted) throw broken('does not fit its own checksum');
      ended = true;
      continue;
    }
    hash.update(bytes).update('\n');
    if (Array.isArray(line)) {
      if (table === null || line.length !== table.columns.length) throw broken('has a row that fits no table');
      rows[table.name] = (rows[table.name] ?? 0) + 1;
    } else if (line.kind === 'table') {
      table = line;
      rows[line.name] = 0;
    }
    yield line;
  }
  if (!ended) throw broken('is cut short');
}

function parse(bytes: Buffer): Line {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw broken('has a line that is no JSON', cause);
  }
  if (!Value.Check(Line, value)) throw broken('has a line of another kind');
  return value;
}

async function* rawLines(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path);
  const unzipped = createGunzip();
  file.on('error', (cause) => unzipped.destroy(cause));
  let rest: Buffer[] = [];
  let length = 0;
  try {
    const chunks: AsyncIterable<Buffer> = file.pipe(unzipped);
    for await (const bytes of chunks) {
      let from = 0;
      for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
        yield Buffer.concat([...rest, bytes.subarray(from, at)]);
        rest = [];
        length = 0;
        from = at + 1;
      }
      rest.push(bytes.subarray(from));
      length += bytes.length - from;
      if (length > MAX_LINE_BYTES) throw broken('has a line that is too long');
    }
  } catch (cause) {
    if (cause instanceof WardlockError) throw cause;
    throw broken('cannot be read to its end', cause);
  } finally {
    file.destroy();
  }
  if (length > 0) throw broken('is cut short');
}
