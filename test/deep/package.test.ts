/**
 * Builds the seat's unpacked package, then asks a copy of the result elsewhere: its fuses, what lies in it, whether its own Node loads
 * its own packages, and whether its screens and its agent refuse what opens a way around them. Must never install it.
 */
import { execFile, spawn } from 'node:child_process';
import { access, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { listPackage } from '@electron/asar';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { restoreSettings } from '../../agent/os/restrictions/seat-restrictions.ts';
import { makeThrowAwayUsers, type ThrowAwayUsers } from '../../agent/os/users.ts';
import { listeningOf, PackagedSeat } from '../support/packaged.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { startTestDisplay, type TestDisplay, titlesShown } from '../support/x-display.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const unpacked = path.join(root, 'dist/linux-unpacked');
const PATIENCE = { timeout: 60_000, interval: 500 };
/** Of a start that was refused (main/index.ts). */
const EXIT_REFUSED = 78;

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
  let seat: PackagedSeat;
  let program = '';
  let resources = '';
  beforeAll(async () => {
    mine = !(await exists(path.join(root, 'dist')));
    said = (await run(process.execPath, ['build/package.mjs'], { cwd: root })).stderr;
    seat = await PackagedSeat.copyOf(unpacked);
    program = seat.program;
    resources = path.join(seat.root, 'resources');
  });

  afterAll(async () => {
    await seat.remove();
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
    const carried = path.join(resources, 'seat');
    const packages = ['better-sqlite3', 'koffi', 'sodium-native', 'keytar', '@node-rs/argon2', 'typebox', 'winston'];
    const source = `const names = ${JSON.stringify(packages)}; for (const name of names) await import(name); const { default: Database } = await import('better-sqlite3'); console.log(process.version, new Database(':memory:').prepare('select 1 + 1 as two').get().two);`;
    const { stdout } = await run(path.join(carried, 'bin/node'), ['--input-type=module', '-e', source], { cwd: carried, env: {} });
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
    const marked = await exists(path.join(seat.root, 'NOT-FOR-RELEASE.txt'));
    expect(marked).toBe(said.includes('NOT FOR RELEASE'));
    expect(marked).toBe(said.includes('DEVELOPMENT FALLBACK'));
  });

  describe('as a seat runs it', () => {
    let users: ThrowAwayUsers<'ui' | 'app'>;
    let display: TestDisplay;
    let state = '';
    beforeAll(async () => {
      if (!isLinuxRoot) return;
      users = await makeThrowAwayUsers({ journal: path.join(seat.folder, 'users.json'), prefix: 'wlpackage', roles: ['ui', 'app'] });
      display = await startTestDisplay(1280, 800);
      state = path.join(seat.folder, 'state');
    });
    afterAll(async () => {
      if (!isLinuxRoot) return;
      await display.close();
      await restoreSettings(state);
      await users.remove();
    });

    const socket = (): string => path.join(state, 'run', 'ui.sock');
    const ways: readonly (readonly [string, readonly string[], NodeJS.ProcessEnv])[] = [
      ['--inspect', ['--inspect=0'], {}],
      ['--inspect-brk', ['--inspect-brk=0'], {}],
      ['--remote-debugging-port', ['--remote-debugging-port=0'], {}],
      ['--remote-debugging-pipe', ['--remote-debugging-pipe'], {}],
      ['-remote-debugging-port', ['-remote-debugging-port=0'], {}],
      ['-no-sandbox', ['-no-sandbox'], {}],
      ['-proxy-server', ['-proxy-server=127.0.0.1:9'], {}],
      ['ELECTRON_RUN_AS_NODE', [], { ELECTRON_RUN_AS_NODE: '1' }],
    ];
    for (const [name, args, env] of ways) {
      rootTest(`escape 34 locked: the packaged seat does not start with ${name}, says so, and listens nowhere`, async () => {
        const { ui } = users.users;
        const ended = await seat.untilEnd(seat.startScreens(ui, display, { socket: socket(), args, env }), ui);
        expect(ended).toMatchObject({ code: EXIT_REFUSED, listened: [] });
        expect(ended.said).toContain(`A locked seat does not start with ${name}`);
      });
    }

    rootTest(
      'escape 34 locked: neither NODE_OPTIONS nor SIGUSR1 does anything to the packaged seat, whose own agent takes its screens',
      async () => {
        const { ui, app } = users.users;
        const agent = await seat.startAgent(state, ui, app);
        const [injected, mark] = [path.join(ui.home, 'injected.cjs'), path.join(ui.home, 'injected')];
        await writeFile(injected, `require('node:fs').writeFileSync(${JSON.stringify(mark)}, 'ran')`, { mode: 0o644 });
        const env = { NODE_OPTIONS: `--inspect=0 --require ${injected}` };
        const screens = seat.startScreens(ui, display, { socket: socket(), env });
        try {
          await expect.poll(() => screensOf(seat, state), PATIENCE).toBe('ok');
          expect(listeningOf(ui.uid)).toEqual([]);
          expect(await exists(mark)).toBe(false);
          process.kill(screens.pid ?? 0, 'SIGUSR1');
          // Whatever it does: ask until the seat has answered again, or has noticed that its screens are gone.
          await expect.poll(() => screensOf(seat, state), PATIENCE).toMatch(/ok|warn/u);
          expect(listeningOf(ui.uid)).toEqual([]);
          expect(agent.said()).not.toContain('not what was packaged');
        } finally {
          await seat.endScreens(screens);
          await agent.stop();
        }
      },
    );

    const changes: readonly (readonly [string, RegExp, () => Promise<() => Promise<void>>])[] = [
      ['an edited app archive', /app\.asar is not the file that was packaged/u, () => edited(seat.archive)],
      ['a loose app folder beside it', /resources\/app\/package\.json does not belong/u, () => looseApp(path.join(resources, 'app'))],
      ['an edited program', /wardlock-kiosk is not the file that was packaged/u, () => edited(program)],
      ['an archive that somebody else owns', /app\.asar does not belong to root/u, () => givenAway(seat.archive)],
      ['no list of its files', /has no list of its files/u, () => takenAway(path.join(resources, 'seat', 'manifest.json'))],
    ];
    rootTest('escape 35: the whole package passes the check before its screens', () => {
      expect(seat.check()).toEqual({ code: 0, said: '' });
    });
    for (const [name, words, change] of changes) {
      rootTest(
        `escape 35: with ${name} the check before the screens fails, so that their unit does not start them, and names the reason`,
        async () => {
          const undo = await change();
          try {
            const { code, said: log } = seat.check();
            expect(code).toBe(1);
            expect(log).toMatch(words);
          } finally {
            await undo();
          }
          expect(seat.check().code).toBe(0);
        },
      );
    }

    rootTest(
      'escape 35: started past that check beside a loose app folder, the program runs its own archive, and its agent takes it for changed',
      async () => {
        const { ui, app } = users.users;
        const mark = path.join(ui.home, 'loose-ran');
        const undo = await looseApp(path.join(resources, 'app'), mark);
        const agent = await seat.startAgent(state, ui, app);
        const screens = seat.startScreens(ui, display, { socket: socket() });
        try {
          await expect.poll(() => titlesShown(display), PATIENCE).toContain('Wardlock');
          expect(await exists(mark)).toBe(false);
          expect(agent.said()).toContain('resources/app/package.json does not belong');
          expect(screensOf(seat, state)).toBe('warn');
        } finally {
          await seat.endScreens(screens);
          await agent.stop();
          await undo();
        }
      },
    );

    rootTest('escape 35: screens that were changed, or that are another program, are refused by the agent all the same', async () => {
      const { ui, app } = users.users;
      const whole = await seat.startAgent(state, ui, app);
      const foreign = spawn(
        '/usr/bin/perl',
        ['-MIO::Socket::UNIX', '-e', `IO::Socket::UNIX->new(Peer => "${socket()}") or exit 3; sleep 60`],
        {
          uid: ui.uid,
          gid: ui.gid,
          stdio: 'ignore',
        },
      );
      await expect.poll(() => whole.said(), PATIENCE).toContain('PACKAGE_CHANGED');
      foreign.kill('SIGKILL');
      await whole.stop();
      const undo = await edited(seat.archive);
      const agent = await seat.startAgent(state, ui, app);
      const screens = seat.startScreens(ui, display, { socket: socket() });
      try {
        expect(agent.said()).toContain('not what was packaged');
        // Electron looks at no archive on Linux: past the check the program does run.
        await expect.poll(() => titlesShown(display), PATIENCE).toContain('Wardlock');
        const refusals = (): number => agent.said().split('"PACKAGE_CHANGED"').length - 1;
        await expect.poll(refusals, PATIENCE).toBeGreaterThan(0);
        expect(screensOf(seat, state)).toBe('warn');
      } finally {
        await seat.endScreens(screens);
        await agent.stop();
        await undo();
      }
    });
  });
});

/** What the packaged command line says of the screens. */
function screensOf(seat: PackagedSeat, state: string): string {
  const { stdout } = seat.command('doctor', '--state', state, '--json');
  const read: { readonly checks: readonly { readonly id: string; readonly state: string }[] } = JSON.parse(stdout);
  return read.checks.find(({ id }) => id === 'screens')?.state ?? 'unknown';
}

/** Changed in a way that it still works: only whoever looks at the content sees it. */
async function edited(file: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'wl-kept-'));
  const place = path.join(folder, 'kept');
  await rename(file, place);
  await writeFile(file, Buffer.concat([await readFile(place), Buffer.from('x')]), { mode: 0o755 });
  return async () => {
    await rename(place, file);
    await rm(folder, { recursive: true });
  };
}

/** @param mark the file that it writes when it runs */
async function looseApp(folder: string, mark = '/nonexistent/mark'): Promise<() => Promise<void>> {
  await mkdir(folder);
  await writeFile(path.join(folder, 'package.json'), '{"name":"loose","main":"index.js"}');
  await writeFile(path.join(folder, 'index.js'), `require('node:fs').writeFileSync(${JSON.stringify(mark)}, 'ran')`);
  return () => rm(folder, { recursive: true });
}

async function givenAway(file: string): Promise<() => Promise<void>> {
  await chown(file, 65_534, 65_534);
  return () => chown(file, 0, 0);
}

async function takenAway(file: string): Promise<() => Promise<void>> {
  const content = await readFile(file);
  await rm(file);
  return () => writeFile(file, content);
}
