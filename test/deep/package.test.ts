/**
 * Builds the seat's unpacked package, then asks the result itself: its fuses, what lies in it, and whether its own Node loads its
 * own packages. Must never install it.
 */
import { execFile } from 'node:child_process';
import { access, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const unpacked = path.join(root, 'dist/linux-unpacked');
const program = path.join(unpacked, 'wardlock-kiosk');
const resources = path.join(unpacked, 'resources');

/** How long a program that must refuse may take to do so. */
const REFUSAL_MS = 20_000;

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

describe.runIf(process.platform === 'linux')('the packaged seat', () => {
  let said = '';
  let mine = false;
  beforeAll(async () => {
    mine = !(await exists(path.join(root, 'dist')));
    said = (await run(process.execPath, ['build/package.mjs'], { cwd: root })).stderr;
  });

  afterAll(async () => {
    if (mine) await rm(path.join(root, 'dist'), { recursive: true, force: true });
  });

  test('has every fuse as it must be', async () => {
    const wire = await getCurrentFuseWire(program);
    expect(wire[FuseV1Options.RunAsNode]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.EnableNodeOptionsEnvironmentVariable]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.EnableNodeCliInspectArguments]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.GrantFileProtocolExtraPrivileges]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.OnlyLoadAppFromAsar]).toBe(FuseState.ENABLE);
    expect(wire[FuseV1Options.EnableCookieEncryption]).toBe(FuseState.ENABLE);
  });

  test('cannot be used as a Node to run anything', async () => {
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', DISPLAY: '' };
    const tried = await run(program, ['-e', "console.log('ran ' + 'it')"], { env, timeout: REFUSAL_MS }).catch((error: unknown) => error);
    expect(tried).toHaveProperty('stdout');
    expect(JSON.stringify(tried)).not.toContain('ran it');
  });

  test('opens no app but its own, which holds the built screens only', async () => {
    expect((await readdir(resources)).sort()).toEqual(['app.asar', 'seat']);
    const files = listPackage(path.join(resources, 'app.asar'), { isPack: false });
    expect(files).toContain('/package.json');
    expect(files.filter((file) => !/^\/(package\.json$|out$|out\/(main|preload|renderer)(\/|$))/.test(file))).toEqual([]);
  });

  test('carries an agent whose own Node loads the native modules that it needs', async () => {
    const seat = path.join(resources, 'seat');
    const packages = ['better-sqlite3', 'koffi', 'keytar', '@node-rs/argon2', 'typebox', 'winston'];
    const source = `const names = ${JSON.stringify(packages)}; for (const name of names) await import(name); const { default: Database } = await import('better-sqlite3'); console.log(process.version, new Database(':memory:').prepare('select 1 + 1 as two').get().two);`;
    const { stdout } = await run(path.join(seat, 'bin/node'), ['--input-type=module', '-e', source], { cwd: seat, env: {} });
    expect(stdout).toMatch(/^v24\.\S+ 2\n$/);
  });

  test('carries no test, no server and no development package', async () => {
    const files = await readdir(path.join(resources, 'seat'), { recursive: true });
    expect(files).toContain(path.join('core', 'errors', 'codes.ts'));
    expect(files.filter((file) => /\.test\.ts$/.test(file) && !file.startsWith('node_modules'))).toEqual([]);
    expect(files.filter((file) => /^(server|demo|test|build|console)(\/|$)/.test(file))).toEqual([]);
    expect(files.filter((file) => /^node_modules\/(vitest|vite|typescript|electron|fastify|@playwright)$/.test(file))).toEqual([]);
  });

  test('is announced and marked when the Electron in it is the development fallback', async () => {
    const marked = await exists(path.join(unpacked, 'NOT-FOR-RELEASE.txt'));
    expect(marked).toBe(said.includes('NOT FOR RELEASE'));
    expect(marked).toBe(said.includes('DEVELOPMENT FALLBACK'));
  });
});
