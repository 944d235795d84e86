/** Work on a site that is not there is refused and makes nothing, so that no hold or revocation goes nowhere. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backUp } from '../backup/backup.ts';
import { openSite, type SiteOptions } from '../compose.ts';
import { openStore } from '../store/open.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardlock-existing-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options = (more: Partial<SiteOptions> = {}): SiteOptions => ({
  stateFolder: join(folder, 'state'),
  database: null,
  tenant: null,
  mustExist: true,
  ...more,
});

test('a state folder that is not there, or is of no site, is refused by name and stays as it is', async () => {
  const refusal = { code: 'START_USAGE', message: expect.stringContaining(join(folder, 'state')) };
  await expect(openSite(options())).rejects.toMatchObject(refusal);
  expect(existsSync(join(folder, 'state'))).toBe(false);
  await mkdir(join(folder, 'state'));
  await expect(openSite(options())).rejects.toMatchObject(refusal);
  expect(await readdir(join(folder, 'state'))).toEqual([]);
});

test('so is a database of no site; the one of the site is opened', async () => {
  await (await openSite(options({ mustExist: false }))).close();
  const missing = `sqlite:${join(folder, 'typo.db')}`;
  for (const more of [{}, { readerOnly: true }]) {
    await expect(openSite(options({ database: missing, ...more }))).rejects.toMatchObject({
      code: 'START_USAGE',
      message: expect.stringContaining('typo.db'),
    });
  }
  await expect(backUp(missing, join(folder, 'b'), () => undefined)).rejects.toMatchObject({ code: 'START_USAGE' });
  expect(existsSync(join(folder, 'typo.db'))).toBe(false);
  await (await openStore(missing)).close();
  await expect(openSite(options({ database: missing }))).rejects.toMatchObject({ message: expect.stringContaining('belongs to no site') });
  const site = await openSite(options());
  expect(site.authorityMade).toBe(false);
  await site.close();
});
