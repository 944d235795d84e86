/**
 * Escape 10 as far as a machine without a console can show it: the seat's own display, started by the product's own code on the real
 * Xorg, has its switches in force, its keymap holds no key of the server, and its window manager binds nothing.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type KioskDisplay, startKioskDisplay } from '../../agent/kiosk/display.ts';
import { makeThrowAwayUsers, type ThrowAwayUsers } from '../../agent/os/users.ts';
import { withOutputs, xorgWithOutputs } from '../support/outputs.ts';
import { processesOf } from '../support/processes.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { pressKeys } from '../support/x-display.ts';

/** On a key, not where the keymap says what such a symbol would do. */
const SERVER_KEY = /symbols\[Group1\]=.*(?:XF86_?Switch_VT|Terminate_Server)/u;
let folder = '';
let users: ThrowAwayUsers<'ui'>;
let display: KioskDisplay;

beforeAll(async () => {
  if (!isLinuxRoot) return;
  folder = mkdtempSync(join(tmpdir(), 'wl-kiosk-'));
  execFileSync('chmod', ['711', folder]);
  users = await makeThrowAwayUsers({ journal: join(folder, 'users.json'), prefix: 'wlkiosk', roles: ['ui'] });
  display = await startKioskDisplay({ folder: join(folder, 'display'), owner: users.users.ui, server: xorgWithOutputs });
});
afterAll(async () => {
  if (!isLinuxRoot) return;
  await display.stop();
  await users.remove();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, [...args], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', DISPLAY: display.name, XAUTHORITY: display.authority },
    stdio: ['ignore', 'pipe', 'ignore'],
  });

describe('the display of a seat', () => {
  rootTest('escape 10 locked and in session: Xorg says itself that no key changes the terminal, ends it or changes its size', () => {
    const log = readFileSync(join(folder, 'display', 'xorg.log'), 'utf8');
    for (const option of ['DontVTSwitch', 'DontZap', 'DontZoom']) expect(log).toContain(`(**) Option "${option}" "true"`);
  });

  rootTest(
    'escape 10 locked and in session: it does not start where the machine’s own configuration takes the place of its switches',
    async () => {
      const other = 'Section "ServerFlags"\n  Option "AutoAddDevices" "false"\nEndSection\n';
      const spec = { folder: join(folder, 'replaced'), owner: users.users.ui };
      const start = startKioskDisplay({ ...spec, server: (authority) => withOutputs(authority, other) });
      await expect(start).rejects.toMatchObject({ code: 'OS_DISPLAY_FAILED', message: expect.stringContaining('DontVTSwitch') });
    },
  );

  rootTest('escape 10 locked and in session: no key of its keymap is one of the server', () => {
    expect(ask('setxkbmap', '-query')).toMatch(/^options: +srvrkeys:none$/mu);
    const keymap = ask('xkbcomp', display.name, '-');
    expect(keymap).toContain('xkb_symbols');
    expect(keymap).not.toMatch(SERVER_KEY);
    // The control: with the option taken away the same layout has them.
    ask('setxkbmap', '-option', '');
    try {
      expect(ask('xkbcomp', display.name, '-')).toMatch(SERVER_KEY);
    } finally {
      ask('setxkbmap', '-option', 'srvrkeys:none');
    }
  });

  rootTest('escape 10 locked and in session: Ctrl+Alt+Backspace and Ctrl+Alt+F1 to F12 leave it as it is', () => {
    const keys = ['ctrl+alt+BackSpace', ...Array.from({ length: 12 }, (_, index) => `ctrl+alt+F${index + 1}`)];
    pressKeys({ name: display.name, xauthority: display.authority, close: async () => undefined }, keys);
    expect(ask('xset', 'q')).toContain('Keyboard Control');
  });

  rootTest('the window manager is the user of the screens, and reads the one configuration without bindings', () => {
    const { uid } = users.users.ui;
    const [manager] = processesOf(uid, 'openbox');
    if (manager === undefined) throw new Error('No window manager runs as the user of the screens.');
    const args = readFileSync(`/proc/${manager}/cmdline`, 'utf8').split('\0');
    const config = args[args.indexOf('--config-file') + 1] ?? '';
    expect(config).toBe(join(folder, 'display', 'window-manager.xml'));
    expect(readFileSync(config, 'utf8')).not.toMatch(/keybind|mousebind/u);
    const { uid: owner, mode } = statSync(config);
    expect({ owner, writable: mode & 0o022 }).toEqual({ owner: 0, writable: 0 });
  });

  rootTest('its cookie is the screens’ alone, and without it nobody gets in', () => {
    const { uid, mode } = statSync(display.authority);
    expect({ uid, mode: mode & 0o777 }).toEqual({ uid: users.users.ui.uid, mode: 0o600 });
    const foreign = join(folder, 'foreign');
    copyFileSync('/dev/null', foreign);
    const env = { PATH: '/usr/bin:/bin', DISPLAY: display.name, XAUTHORITY: foreign };
    expect(() => execFileSync('xset', ['q'], { env, stdio: 'ignore' })).toThrow();
  });

  rootTest('it says so when a part of it ends', async () => {
    const { ui } = users.users;
    const before = processesOf(ui.uid, 'openbox');
    const other = await startKioskDisplay({ folder: join(folder, 'other'), owner: ui, server: xorgWithOutputs });
    const [fresh] = processesOf(ui.uid, 'openbox').filter((pid) => !before.includes(pid));
    process.kill(fresh ?? 0, 'SIGKILL');
    await other.ended;
    await other.stop();
  });
});
