/**
 * Starts the bootstrap where nothing is installed, as a newcomer does, and once more where all is in place. Must work in a
 * folder of its own, which nobody else may enter: the checkout's node_modules are in use, and a clone may lie anywhere.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import Type from 'typebox';
import Value from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');

/** A user without any right of its own. */
const NOBODY = { uid: 65_534, gid: 65_534 };

const Runtime = Type.Object({
  root: Type.String(),
  node: Type.String(),
  electron: Type.Object({ path: Type.String(), version: Type.String(), fallback: Type.Boolean() }),
});

describe('bootstrap in an empty folder', () => {
  let folder = '';
  const ready = async (): Promise<string> => (await run(process.execPath, ['build/ready.mjs'], { cwd: folder })).stderr;
  const npmsRecord = (): string => path.join(folder, 'node_modules', '.package-lock.json');
  const runtime = async () => Value.Parse(Runtime, JSON.parse(await readFile(path.join(folder, 'out/runtime.json'), 'utf8')));

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'wardlock-fresh-'));
    const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
    for (const file of files.filter((name) => name !== '' && existsSync(path.join(root, name)))) {
      await cp(path.join(root, file), path.join(folder, file));
    }
  });

  afterAll(async () => {
    const copy = await runtime().then(
      (found) => found.root,
      () => folder,
    );
    if (copy !== folder) await rm(copy, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  });

  test('installs what the lockfile names, finds Node 24 and puts an Electron in place', async () => {
    const said = await ready();
    expect(said).toContain('installed with npm ci');
    expect(said).toMatch(/Node 24: v24\./);
    const { electron } = await runtime();
    expect(said).toContain(electron.fallback ? 'never released' : electron.version);
  });

  test('does nothing the second time, and still names the fallback', async () => {
    const before = await stat(npmsRecord());
    const said = await ready();
    expect(said).toContain('as in package-lock.json');
    expect(said).not.toContain(' ...\n');
    expect((await stat(npmsRecord())).mtimeMs).toBe(before.mtimeMs);
    const { electron } = await runtime();
    expect(said).toContain(electron.fallback ? 'never released' : electron.version);
  });

  test('what the seat runs can be run by a user without rights, although the clone cannot be entered', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'only root starts programs as another user');
    const { root: copy, node, electron } = await runtime();
    expect((await stat(folder)).mode & 0o007).toBe(0);
    expect(copy).not.toBe(folder);
    const version = await run(node, ['-p', "require('better-sqlite3/package.json').name"], { ...NOBODY, cwd: copy });
    expect(version.stdout.trim()).toBe('better-sqlite3');
    const started = await run(electron.path, ['--no-sandbox', '--version'], { ...NOBODY, cwd: copy });
    expect(started.stdout).toContain(electron.version);
  });

  test('mends an installation that was cut short', async () => {
    await rm(npmsRecord());
    expect(await ready()).toContain('installed with npm ci');
  });
});
