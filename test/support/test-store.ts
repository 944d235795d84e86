/**
 * The database of a service's test. By itself it is SQLite in memory; test/deep runs the same tests on PostgreSQL by naming
 * another maker of databases before it loads them.
 */
import { openStore } from '../../server/store/open.ts';
import type { Store } from '../../server/store/store.ts';

const maker = { newDatabase: async (): Promise<string> => 'sqlite::memory:' };

/** Every database from now on, in this test file, is made so. */
export function useDatabases(newDatabase: () => Promise<string>): void {
  maker.newDatabase = newDatabase;
}

/** The address of a new, empty database. */
export function testDatabase(): Promise<string> {
  return maker.newDatabase();
}

export async function testStore(): Promise<Store> {
  return openStore(await maker.newDatabase());
}
