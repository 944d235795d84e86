/**
 * Both engines for `describe.each(engines)`: each gives new databases, already at this build's schema. PostgreSQL is one real
 * cluster per test file, started by the first `start`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../server/store/open.ts';
import { TestPostgres } from './postgres.ts';

export interface TestEngine {
  readonly name: 'SQLite' | 'PostgreSQL';
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The address of a new database that is at this build's schema, or will be when it is opened. */
  newDatabase(): Promise<string>;
  /** The same without any table. */
  emptyDatabase(): Promise<string>;
}

function sqlite(): TestEngine {
  let folder = '';
  let databases = 0;
  const newDatabase = async (): Promise<string> => {
    databases += 1;
    return `sqlite:${join(folder, `${databases}.db`)}`;
  };
  return {
    name: 'SQLite',
    start: async () => {
      folder = await mkdtemp(join(tmpdir(), 'wardlock-sqlite-'));
    },
    stop: () => rm(folder, { recursive: true, force: true }),
    newDatabase,
    emptyDatabase: newDatabase,
  };
}

function postgres(): TestEngine {
  let cluster: TestPostgres | null = null;
  const started = (): TestPostgres => {
    if (cluster === null) throw new Error('start() the engine first');
    return cluster;
  };
  return {
    name: 'PostgreSQL',
    start: async () => {
      cluster = await TestPostgres.start();
      await cluster.query('postgres', 'create database migrated');
      await (await openStore(cluster.address('migrated'))).close();
    },
    stop: async () => cluster?.end(),
    newDatabase: () => started().newDatabase('migrated'),
    emptyDatabase: () => started().newDatabase(),
  };
}

export const engines: readonly TestEngine[] = [sqlite(), postgres()];
