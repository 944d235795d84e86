/** Every key of a site counts: a node or a restore with one of its own would be believed by nobody, or understand nobody. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NOT_CONTAINED } from '../backup/tables.ts';
import { openSite } from '../compose.ts';

let folder: string;
let database: string;
const open = (state: string) => openSite({ stateFolder: join(folder, state), database, tenant: null });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-keys-'));
  database = `sqlite:${join(folder, 'wardlock.db')}`;
  await (await open('first')).close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a node that lacks one key file of the site, and so made its own, is refused, whichever it is', async () => {
  const files = (await readdir(join(folder, 'first'))).filter((name) => name.endsWith('.key'));
  expect(files.length).toBeGreaterThan(6);
  for (const missing of files) {
    const state = `without-${missing}`;
    await cp(join(folder, 'first'), join(folder, state), { recursive: true, filter: (path) => !path.endsWith(`/${missing}`) });
    const refusal = await open(state).then(
      (site) => site.close().then(() => null),
      (error: unknown) => error,
    );
    expect([missing, refusal]).toEqual([missing, expect.objectContaining({ code: 'START_STATE_FOREIGN' })]);
  }
  await (await open('first')).close();
});

test('what a backup says that it does not hold names every key file', async () => {
  const files = (await readdir(join(folder, 'first'))).filter((name) => /\.(key|pem)$/.test(name));
  const said = NOT_CONTAINED.join('\n');
  expect(files.filter((name) => !said.includes(name))).toEqual([]);
});
