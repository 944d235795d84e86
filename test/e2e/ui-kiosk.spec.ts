/**
 * The kiosk in its real mode, which no test driver can enter: started as the seat starts it, worked by real keys, seen by
 * what the window system and the agent's double see of it.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { launchKiosk } from '../../demo/kiosk.ts';
import { press, tapByWedge } from './support/keys.ts';
import { type Ground, prepareGround } from './support/seat.ts';
import { type Started, start } from './support/undriven.ts';
import { lockedView, pinView } from './support/views.ts';

const run = promisify(execFile);
const EXIT_REFUSED = 78;
const EXIT_USAGE = 64;
const EXIT_TWICE = 75;
const EXIT_PAGE_LOST = 70;

async function stop(kiosk: Started): Promise<number | null> {
  kiosk.process.kill('SIGTERM');
  return kiosk.ended;
}

test.describe('a locked seat', () => {
  let ground: Ground;
  test.beforeAll(async () => {
    ground = await prepareGround();
  });
  test.afterAll(() => ground.clear());

  const refusedStarts: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
    ['--inspect', ['--inspect=0'], {}],
    ['--remote-debugging-port', ['--remote-debugging-port=0'], {}],
    ['-remote-debugging-port', ['-remote-debugging-port=0'], {}],
    ['-proxy-server', ['-proxy-server=127.0.0.1:9'], {}],
    ['NODE_OPTIONS', [], { NODE_OPTIONS: '--max-old-space-size=512' }],
    ['SSLKEYLOGFILE', [], { SSLKEYLOGFILE: '/tmp/keys' }],
  ];
  for (const [name, args, env] of refusedStarts) {
    test(`escape 34 locked: does not start with ${name}, and says so`, async () => {
      const kiosk = start(ground, args, env);
      expect(await kiosk.ended).toBe(EXIT_REFUSED);
      expect(kiosk.said()).toContain(`A locked seat does not start with ${name}`);
      expect(ground.agent.of('hello')).toEqual([]);
    });
  }

  test('a wrong command line names what is wrong', async () => {
    const kiosk = start(ground, ['--locale', 'klingon']);
    expect(await kiosk.ended).toBe(EXIT_USAGE);
    expect(kiosk.said()).toContain('--locale must be one of');
  });

  test('escapes 1, 6 and 43 locked: fills the screen, can’t be closed by keys, hears a badge; a second one ends; SIGTERM ends it', async () => {
    const kiosk = start(ground);
    try {
      await expect.poll(() => ground.agent.of('surface').length).toBe(1);
      await expect.poll(() => windows(ground)).toMatch(/"Wardlock".*1280x800\+0\+0/);
      for (const chord of ['alt+F4', 'ctrl+w', 'ctrl+q', 'F11', 'F12', 'ctrl+shift+i']) await press(ground.display, chord);
      await expect
        .poll(() => ground.agent.of('refused').map(({ what }) => what))
        .toEqual(expect.arrayContaining(['Alt+F4', 'Ctrl+W', 'Ctrl+Q', 'F11', 'F12', 'Ctrl+Shift+I']));
      ground.agent.push(pinView());
      // Tapped until it is read, as a person does: other processes share this machine, and a late key is no tap.
      await expect
        .poll(async () => {
          await tapByWedge(ground.display, '04A1B2C3D4');
          return ground.agent.of('badge').map(({ number }) => number);
        })
        .toContain('04A1B2C3D4');
      ground.agent.push(lockedView());
      expect(await windows(ground)).toMatch(/"Wardlock".*1280x800\+0\+0/);
      expect(await loadedBy(ground), 'no OpenGL beside Chromium’s own').not.toMatch(/libGLX|libLLVM|swrast/);

      const second = start(ground);
      expect(await second.ended).toBe(EXIT_TWICE);
      const own = join(ground.launch.home, 'electron');
      expect(await readlink(join(own, 'SingletonSocket')), 'nothing of a kiosk that is killed stays in /tmp').toContain(`${own}/`);
      expect(ground.agent.of('hello')).toHaveLength(1);
      expect(kiosk.process.exitCode).toBeNull();
    } finally {
      expect(await stop(kiosk)).toBe(0);
    }
  });
});

const losses = [
  { name: 'dies', signal: 'SIGKILL' },
  { name: 'hangs', signal: 'SIGSTOP' },
] as const;
for (const { name, signal } of losses) {
  test.describe(`a page that ${name}`, () => {
    let ground: Ground;
    test.beforeAll(async () => {
      ground = await prepareGround();
    });
    test.afterAll(() => ground.clear());

    test(`fault: ends the kiosk with its own code, so that a new one starts`, async () => {
      const kiosk = start(ground);
      await expect.poll(() => ground.agent.of('surface').length).toBe(1);
      // On the screen, and so with a process of its own. Whether it has finished loading is chance: both must end the kiosk.
      await expect.poll(() => isShown(ground)).toBe(true);
      const pids = await pagePids(ground);
      expect(pids.filter((pid) => sent(pid, signal))).not.toEqual([]);
      expect(await kiosk.ended).toBe(EXIT_PAGE_LOST);
      expect(await windows(ground)).not.toContain('"Wardlock"');
    });
  });
}

test.describe('a defect in the screens', () => {
  let ground: Ground;
  test.beforeEach(async () => {
    ground = await prepareGround();
  });
  test.afterEach(() => ground.clear());

  const launched = async () => {
    const { app, page } = await launchKiosk(ground.launch);
    await page.waitForSelector('html[data-screen="lock"]');
    const ended = new Promise<number | null>((resolve) => app.process().once('exit', resolve));
    return { app, page, ended };
  };

  test('fault: one in the kiosk’s own process ends it with its own code, and opens no dialog', async () => {
    const { app, ended } = await launched();
    await app.evaluate(() => {
      setTimeout(() => {
        throw new Error('a defect');
      }, 0);
    });
    expect(await ended).toBe(EXIT_PAGE_LOST);
  });

  test('fault: a page that shows nothing ends the kiosk with its own code, so that a new one starts', async () => {
    const { page, ended } = await launched();
    // As by a defect in a screen: the clock can't be drawn any more.
    await page.evaluate(() => {
      Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', {
        get() {
          throw new Error('a defect');
        },
      });
    });
    ground.agent.push(pinView());
    expect(await ended).toBe(EXIT_PAGE_LOST);
  });
});

/** False for a process that ended with the kiosk that the one before it took down. */
function sent(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ESRCH') return false;
    throw failure;
  }
}

/** The page's own process among those of this kiosk, and the spare one that Chromium may keep ready: which is which can't be seen. */
async function pagePids(ground: Ground): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('--type=renderer') && command.includes(ground.launch.home)) pids.push(Number(entry));
  }
  return pids;
}

/** The files that the kiosk's main process has mapped. */
async function loadedBy(ground: Ground): Promise<string> {
  for (const entry of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const isMain = !command.includes('--type=') && command.includes('electron\0') && command.includes(`=${ground.launch.home}`);
    if (isMain) return readFile(`/proc/${entry}/maps`, 'utf8');
  }
  throw new Error('The kiosk has no main process.');
}

/** A window that is only made has no page yet that could hang. */
async function isShown(ground: Ground): Promise<boolean> {
  const env = { PATH: '/usr/bin:/bin', DISPLAY: ground.display.name, XAUTHORITY: ground.display.authority };
  return run('xdotool', ['search', '--onlyvisible', '--name', '^Wardlock$'], { env }).then(
    ({ stdout }) => stdout.trim() !== '',
    // xdotool ends with 1 when it finds nothing.
    () => false,
  );
}

async function windows(ground: Ground): Promise<string> {
  const { stdout } = await run('xwininfo', ['-root', '-tree'], {
    env: { PATH: '/usr/bin:/bin', DISPLAY: ground.display.name, XAUTHORITY: ground.display.authority },
  });
  return stdout;
}
