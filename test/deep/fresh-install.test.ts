/**
 * Starts the bootstrap where nothing is installed, as a newcomer does, and once more where all is in place. Must work in a
 * folder of its own: the checkout's node_modules are in use.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const INSTALL_MS = 300_000;

/** Enough of a checkout for the bootstrap. */
const parts = ['package.json', 'package-lock.json', '.npmrc', 'build'];

describe('bootstrap in an empty folder', () => {
  let folder = '';
  const ready = async () => (await run(process.execPath, ['build/ready.mjs', 'tools'], { cwd: folder })).stderr;
  const npmsRecord = async () => stat(path.join(folder, 'node_modules', '.package-lock.json'));

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wardlock-fresh-'));
    for (const part of parts) await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('installs what the lockfile names and finds Node 24', { timeout: INSTALL_MS }, async () => {
    const said = await ready();
    expect(said).toContain('installed with npm ci');
    expect(said).toMatch(/Node 24: v24\./);
  });

  test('does nothing the second time', async () => {
    const before = await npmsRecord();
    expect(await ready()).toContain('as in package-lock.json');
    expect((await npmsRecord()).mtimeMs).toBe(before.mtimeMs);
  });

  test('mends an installation that was cut short', { timeout: INSTALL_MS }, async () => {
    await rm(path.join(folder, 'node_modules', '.package-lock.json'));
    expect(await ready()).toContain('installed with npm ci');
  });
});
