/**
 * Ways out by asking somebody else: to start something later, or on the other side of a bus. The tools are named by the policy here, so that each
 * really tries; the same words of the same user beside the session are the control, and succeed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { CANNOT_EXECUTE, SHELL, sessionTests } from '../support/in-session.ts';
import { startBus } from '../support/message-bus.ts';
import { rootTest } from '../support/root.ts';

const LATER = ['/usr/bin/at', '/usr/bin/batch', '/usr/bin/crontab', '/usr/bin/systemd-run', '/usr/bin/systemctl'];
const ASKING = ['/usr/bin/dbus-send', '/usr/bin/busctl', '/usr/bin/systemd-run'];
const CRON_LINE = '* * * * * true\n';
const AT_QUEUE = '/var/spool/cron/atjobs';
const session = sessionTests();

/** What each line of a shell script ended with. */
async function codes(lines: readonly string[], children: readonly string[] = []): Promise<readonly string[]> {
  return (await session.shell(lines.map((line) => `${line}; echo $?`).join('; '), children)).trim().split('\n');
}

function beside(file: string, args: readonly string[], input = ''): { readonly status: number | null; readonly stdout: string } {
  const { uid, gid } = session.seat.app;
  return spawnSync(file, args, { uid, gid, input, cwd: '/', env: { HOME: '/', PATH: '/usr/bin:/bin' }, encoding: 'utf8' });
}

const everyOne = <T>(tools: readonly string[], value: T): readonly T[] => tools.map(() => value);

describe('somebody who is asked', () => {
  rootTest(
    'escape 39 in session: each tool that starts something later is there, is denied, and is of no use where it is allowed',
    async () => {
      for (const tool of LATER) expect(existsSync(tool), `${tool} is not installed`).toBe(true);
      expect(await codes(LATER)).toEqual(everyOne(LATER, CANNOT_EXECUTE));
      const services = ['systemd-run --user true', 'systemctl --user start x'];
      // `at` belongs to a user that is not root, so no policy can name it; a copy of root's is as near as one gets.
      expect(await session.run(session.app('/usr/bin/at', ['now']))).toMatchObject({ ok: false, reason: 'file-unsafe' });
      const at = join(session.programs, 'at');
      // Written and not copied, which keeps the owner.
      writeFileSync(at, readFileSync('/usr/bin/at'), { mode: 0o755 });
      const asking = [`echo true | ${at} now`, `echo "${CRON_LINE.trim()}" | crontab -`, 'crontab -l'];
      const tools = [...LATER.filter((tool) => tool !== '/usr/bin/at'), at, realpathSync('/bin/sh'), SHELL];
      for (const code of await codes([...asking, ...services], tools)) expect(code).toMatch(/^(?!0$|12[67]$)\d+$/u);
      try {
        expect(beside('/usr/bin/crontab', ['-'], CRON_LINE)).toMatchObject({ status: 0 });
        expect(beside('/usr/bin/crontab', ['-l']).stdout).toContain(CRON_LINE);
        expect(beside('/usr/bin/at', ['now + 1 year'], 'true\n')).toMatchObject({ status: 0 });
        expect(readdirSync(AT_QUEUE).length).toBeGreaterThan(1);
        // What is there for the user beside the session is not there inside.
        expect(await session.shell(`crontab -l; ${at} -l`, tools)).toBe('');
      } finally {
        beside('/usr/bin/crontab', ['-r']);
        const jobs = beside('/usr/bin/atq', []).stdout.match(/^\d+/gmu) ?? [];
        beside('/usr/bin/atrm', jobs);
      }
    },
  );

  rootTest(
    'escape 66 in session: each tool that asks a bus or a service manager is there, is denied, and reaches none where it is allowed',
    async () => {
      for (const tool of ASKING) expect(existsSync(tool), `${tool} is not installed`).toBe(true);
      expect(await codes(ASKING)).toEqual(everyOne(ASKING, CANNOT_EXECUTE));
      const asked = [
        'dbus-send --system --dest=org.freedesktop.systemd1 / x.y',
        'busctl list',
        'systemd-run --user true',
        'systemd-run true',
      ];
      expect(await codes(asked, ASKING)).toEqual(everyOne(asked, '1'));
    },
  );

  rootTest('escape 66 in session: a program that a bus starts for whoever asks is not started from inside', async () => {
    const { uid, gid } = session.seat.app;
    // The session has this user to itself: the bus of the same user comes after it.
    await session.shell(':');
    const bus = await startBus(uid, gid);
    try {
      const words = [`--bus=${bus.address}`, '--print-reply', '--reply-timeout=2000', `--dest=${bus.service}`, '/', `${bus.service}.Start`];
      expect(await codes([`dbus-send ${words.join(' ')}`], ['/usr/bin/dbus-send'])).toEqual(['1']);
      expect(await session.written('/tmp/complaints')).toContain('Failed to open connection');
      expect(bus.wasStarted()).toBe(false);
      beside('/usr/bin/dbus-send', words);
      await expect.poll(bus.wasStarted).toBe(true);
    } finally {
      bus.close();
    }
  });
});
