/**
 * Reads `postgres://USER@HOST:PORT/NAME?…` as libpq does. Over a network TLS is asked for unless the address itself says that
 * there is none. The password may stay out of it: PGPASSWORD, or the file that PGPASSFILE names.
 */
import pg from 'pg';
import { WardlockError } from '../../core/errors/index.ts';

export interface PostgresAddress {
  readonly client: pg.ClientConfig;
  /** For people and logs: no password. */
  readonly shown: string;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '']);
const SAYS_TLS = /[?&](?:ssl|sslmode)=/;

/** @throws WardlockError START_USAGE */
export function parsePostgresAddress(text: string): PostgresAddress {
  const { host, port, database } = read(text);
  const socket = host.startsWith('/');
  if (database === undefined || database === '') {
    throw new WardlockError('START_USAGE', 'The address names no database. Write postgres://USER@HOST:PORT/NAME.');
  }
  if (!socket && !LOOPBACK.has(host) && !SAYS_TLS.test(text)) {
    throw new WardlockError(
      'START_USAGE',
      `The way to ${host} crosses a network. Add ?sslmode=verify-full&sslrootcert=FILE to the address, or ?sslmode=disable where that network is yours alone.`,
    );
  }
  return { client: { connectionString: text }, shown: `${socket ? host : `${host}:${port}`}/${database}` };
}

function read(text: string): { readonly host: string; readonly port: number; readonly database: string | undefined } {
  try {
    const { host, port, database } = new pg.Client(text);
    return { host, port, database };
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const why = missing ? "A certificate file that the database's address names is missing" : "The database's address cannot be read";
    throw new WardlockError('START_USAGE', `${why}. Write postgres://USER@HOST:PORT/NAME.`, { cause });
  }
}
