/** Opens a database by its address, which names the engine. */
import { resolve } from 'node:path';
import { WardlockError } from '../../core/errors/index.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';
import type { Store, StoreOptions } from './store.ts';

const SQLITE = 'sqlite:';
const POSTGRES = /^postgres(?:ql)?:\/\//;

/**
 * Opens `sqlite:PATH` or `postgres://…` and brings its tables up to this build.
 * @throws WardlockError START_USAGE, SERVER_DATABASE_FOREIGN, SERVER_DATABASE_UNSAFE, SERVER_DATABASE_UNREACHABLE, SERVER_DATABASE_REFUSED
 */
export async function openStore(address: string, options: StoreOptions = {}): Promise<Store> {
  if (POSTGRES.test(address)) return openPostgres(address, options);
  if (address.startsWith(SQLITE) && address.length > SQLITE.length) {
    const path = address.slice(SQLITE.length);
    return openSqlite(path === ':memory:' ? path : resolve(path), options);
  }
  throw new WardlockError('START_USAGE', 'Name the database as sqlite:PATH or postgres://USER@HOST:PORT/NAME.');
}
