/**
 * What PostgreSQL's values become: the same as SQLite gives, so that nothing above this folder knows the engine. Numbers are
 * numbers where they are exact, truth is 1 or 0, bytes are a Buffer, everything else is text.
 */
import pg from 'pg';
import { WardlockError } from '../../core/errors/index.ts';

const { BOOL, INT8, NUMERIC, FLOAT4, FLOAT8, INT2, INT4, BYTEA } = pg.types.builtins;

/** @throws WardlockError SERVER_DATABASE_FOREIGN for a number that JavaScript cannot hold: none of ours is so large */
function exact(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new WardlockError(
      'SERVER_DATABASE_FOREIGN',
      `The database holds the number ${text}, which is larger than any that this build wrote.`,
    );
  }
  return value;
}

/** `\\x` and hex digits: each connection asks for that form. */
function readBytes(text: string): Buffer {
  if (!text.startsWith('\\x'))
    throw new WardlockError('SERVER_DATABASE_FOREIGN', 'The database sends bytes in another form than was asked for.');
  return Buffer.from(text.slice(2), 'hex');
}

const readers = new Map<number, (text: string) => unknown>([
  [BOOL, (text) => (text === 't' ? 1 : 0)],
  [INT2, Number],
  [INT4, Number],
  [INT8, exact],
  // Sums of bigint come as numeric.
  [NUMERIC, exact],
  [FLOAT4, Number],
  [FLOAT8, Number],
  [BYTEA, readBytes],
]);

export const postgresTypes = {
  getTypeParser: (oid: number): ((text: string) => unknown) => readers.get(oid) ?? ((text) => text),
};
