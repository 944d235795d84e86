/**
 * The tests of the server's services, which stand beside them and use SQLite in memory, once more on a real PostgreSQL: the
 * very same files, so that no service can come to know only one engine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../support/engines.ts';
import { useDatabases } from '../support/test-store.ts';

const server = resolve(import.meta.dirname, '../../server');
const postgres = engines.find(({ name }) => name === 'PostgreSQL');
if (postgres === undefined) throw new Error('there is no such engine');

/** Those that open a database by the helper; each other test file of these folders touches none, or one engine's own file. */
const files = ['services', 'http', 'backup'].flatMap((folder) =>
  readdirSync(join(server, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(server, folder, name)),
);
const withDatabase = files.filter((path) => readFileSync(path, 'utf8').includes('test-store.ts'));

beforeAll(async () => {
  await postgres.start();
  useDatabases(() => postgres.newDatabase());
});
afterAll(() => postgres.stop());

test('the services whose tests use a database are found', () => {
  expect(withDatabase.length).toBeGreaterThanOrEqual(8);
});

describe.each(withDatabase.map((path) => [path.slice(server.length + 1), path]))('%s on PostgreSQL', async (_name, path) => {
  await import(path);
});
