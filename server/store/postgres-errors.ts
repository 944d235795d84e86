/**
 * Names what PostgreSQL and its connection say in our codes: away, refused, busy. Anything else is a fault of ours and stays
 * as it is. A code carries no word of the database, whose text may hold data.
 */
import Type from 'typebox';
import { Value } from 'typebox/value';
import { type ErrorCode, WardlockError } from '../../core/errors/index.ts';

const Coded = Type.Object({ code: Type.String() });

const AWAY_ERRNOS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
]);
/** SQLSTATEs: shutting down, crashed, starting up, idle too long; a standby that takes no writes. */
const AWAY_STATES = new Set(['57P01', '57P02', '57P03', '57P05', '25006', '25P03']);
/** Serialization failure, deadlock, lock not available, statement timeout. */
const BUSY_STATES = new Set(['40001', '40P01', '55P03', '57014']);
/** Wrong password or role, no such database, not permitted. */
const REFUSED_STATES = new Set(['28P01', '28000', '3D000', '42501']);
/** Classes: connection exception; too little of something (connections, disk, memory). */
const AWAY_CLASSES = new Set(['08', '53']);
/** What the client library itself says, which has no code. */
const AWAY_WORDS =
  /^(?:timeout exceeded when trying to connect|timeout expired|connection terminated|client has encountered a connection error|query read timeout|cannot use a pool after calling end|client was closed|the server does not support ssl connections)/i;

export function codeOfDatabaseError(fault: unknown): ErrorCode | null {
  const code = Value.Check(Coded, fault) ? fault.code : '';
  if (AWAY_ERRNOS.has(code) || AWAY_STATES.has(code) || (/^[0-9A-Z]{5}$/.test(code) && AWAY_CLASSES.has(code.slice(0, 2)))) {
    return 'SERVER_DATABASE_UNREACHABLE';
  }
  if (BUSY_STATES.has(code)) return 'SERVER_DATABASE_BUSY';
  if (REFUSED_STATES.has(code)) return 'SERVER_DATABASE_REFUSED';
  return code === '' && fault instanceof Error && AWAY_WORDS.test(fault.message) ? 'SERVER_DATABASE_UNREACHABLE' : null;
}

/** The coded form of what a statement or a connection threw; the fault itself is its cause. */
export function codedDatabaseError(fault: unknown): unknown {
  const code = fault instanceof WardlockError ? null : codeOfDatabaseError(fault);
  return code === null ? fault : new WardlockError(code, undefined, { cause: fault });
}

/** A fault at the start, told to whoever starts the server: what was tried, and what to do. */
export function startError(fault: unknown, address: string): unknown {
  const cause = fault instanceof WardlockError && fault.cause !== undefined ? fault.cause : fault;
  const code = codeOfDatabaseError(cause);
  const said = cause instanceof Error && cause.message !== '' ? cause.message : String(Value.Check(Coded, cause) ? cause.code : cause);
  if (code === 'SERVER_DATABASE_REFUSED') {
    return new WardlockError(code, `PostgreSQL at ${address} refused: ${said}. Check user, password, database and rights.`, { cause });
  }
  if (code === 'SERVER_DATABASE_UNREACHABLE') {
    return new WardlockError(code, `PostgreSQL at ${address} cannot be reached: ${said}. Check that it runs and the address.`, { cause });
  }
  return fault;
}
