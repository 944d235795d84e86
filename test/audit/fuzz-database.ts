/**
 * Mutated rows of a store's database outside its entries, from a fixed seed: what a verifier and a seat read beside the log. Owns the
 * mutations; whoever uses it says what must hold. Test helper only.
 */
import Database from 'better-sqlite3';
import { mutated } from './fuzz.ts';

type Random = (below: number) => number;

/** Of each table what names a row, and what of it is mutated. */
const TABLES = [
  { name: 'meta', key: ['key'], columns: ['value'] },
  { name: 'kept', key: ['size'], columns: ['size', 'epoch', 'first', 'note'] },
  { name: 'head', key: ['id'], columns: ['note', 'link'] },
  { name: 'receipt', key: ['id'], columns: ['size', 'note'] },
  { name: 'node', key: ['level', 'idx'], columns: ['hash'] },
] as const;

/** Changes one value, or takes one row away; answers what was done, for whoever must find it again. */
export function mutateRow(path: string, random: Random): string {
  const db = new Database(path);
  try {
    for (;;) {
      const done = tryMutation(db, random);
      if (done !== undefined) return done;
    }
  } finally {
    db.close();
  }
}

/** `undefined` where the schema does not allow it. */
function tryMutation(db: Database.Database, random: Random): string | undefined {
  const table = TABLES[random(TABLES.length)] ?? TABLES[0];
  const rows = db
    .prepare(`SELECT ${table.key.join(', ')} FROM ${table.name}`)
    .raw()
    .all();
  const row = rows[random(rows.length)];
  if (!Array.isArray(row)) return undefined;
  const where = table.key.map((name) => `${name} = ?`).join(' AND ');
  const column = table.columns[random(table.columns.length)] ?? '';
  const place = `${table.name} ${row.join(' ')} ${column}`;
  if (random(8) === 0) {
    db.prepare(`DELETE FROM ${table.name} WHERE ${where}`).run(...row);
    return `${place} deleted`;
  }
  const before: unknown = db
    .prepare(`SELECT ${column} FROM ${table.name} WHERE ${where}`)
    .pluck()
    .get(...row);
  const after = otherValue(before, random);
  try {
    db.prepare(`UPDATE ${table.name} SET ${column} = ? WHERE ${where}`).run(after, ...row);
  } catch (error) {
    if (error instanceof Database.SqliteError && /^SQLITE_(CONSTRAINT|MISMATCH)/.test(error.code)) return undefined;
    throw error;
  }
  return `${place} is ${after instanceof Uint8Array ? `0x${Buffer.from(after).toString('hex')}` : JSON.stringify(after)}`;
}

function otherValue(before: unknown, random: Random): Uint8Array | string | number {
  const kind = random(6);
  if (kind === 0) return random(2 ** 31) - 2 ** 30;
  if (kind === 1) return 'text';
  if (kind === 2) return new Uint8Array(random(80));
  if (before instanceof Uint8Array) return mutated(before, random);
  if (typeof before === 'string') return Buffer.from(mutated(Buffer.from(before), random)).toString('utf8');
  return Number(before) + random(7) - 3;
}
