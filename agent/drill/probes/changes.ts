/**
 * Ways out by what changes or comes later: a link that is swapped (27), what is left to be started (39), many files at once (40),
 * an update in mid-session (41).
 */
import { copyFileSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WardlockError } from '../../../core/errors/index.ts';
import { firstOf, mustHold, type Probe, unlessEach, unlessSame } from '../probe.ts';
import { CANNOT_EXECUTE, type DrillSession, named, SHELL, startApp } from '../session.ts';
import { judgeWorkers, runWorkers, WORKER_PROGRAMS } from './workers.ts';

/** How long the workers of escape 40 work in a drill; the tests take longer. */
const WORKER_SECONDS = 10;
const PATIENCE_MS = 5_000;
const LOOK_MS = 50;
/** What a shell says of a program that it does not find, or may not execute. */
const NOT_STARTED = /^12[67]$/u;

const swapped: Probe = {
  escape: 27,
  what: 'a link that is swapped between check and start starts nothing',
  needs: [SHELL, '/bin/true'],
  async attempt(session) {
    const path = join(session.programs, 'link');
    symlinkSync(SHELL, path);
    try {
      const prepared = await session.launcher.prepare({ ...session.app(SHELL, ['-c', 'exit 0']), path });
      symlinkSync('/bin/true', `${path}.new`);
      renameSync(`${path}.new`, path);
      if (!prepared.ok) throw new WardlockError('DRILL_NOT_READY', `The link was not even prepared: ${prepared.detail}`);
      const started = await session.launcher.start(prepared, () => undefined);
      return started.ok
        ? 'another program was started than the one that was checked'
        : unlessSame(started.reason, 'start-failed', 'refusal');
    } finally {
      rmSync(path, { force: true });
    }
  },
};

const later: Probe = {
  escape: 39,
  what: 'nothing is left to be started later, and what was left is gone with the session',
  needs: [SHELL, '/bin/mkdir'],
  async attempt(session) {
    const asked = ['crontab -l', 'at now', 'batch', 'systemd-run --user true', 'systemctl --user start x'];
    const started = await session.shell(asked.map((line) => `${line}; echo $?`).join('; '));
    const places = ['/var/spool/cron', '/var/spool/cron/crontabs', '/etc/cron.d', '/etc/xdg/autostart', '/etc/init.d', '/run/systemd'];
    const put = await session.shell(`for f in ${places.join(' ')}; do ( : > $f/evil ) && echo $f; done; true`);
    await session.shell('mkdir -p ~/.config/autostart; echo x > ~/.config/autostart/evil.desktop; echo x > ~/.profile', ['/bin/mkdir']);
    await session.again();
    const left = await session.shell('echo ~/.[!.]* /tmp/*');
    return firstOf([
      unlessEach(started, NOT_STARTED, asked.length, 'a timer or service'),
      unlessSame(put, '', 'a folder of jobs could be written'),
      unlessSame(left, '/home/wardlock/.[!.]* /tmp/complaints /tmp/printed\n', 'left of the former session'),
    ]);
  },
};

const manyFiles: Probe = {
  escape: 40,
  what: 'ten workers that create and execute files run nothing that the policy does not name, and are never denied what it names',
  needs: WORKER_PROGRAMS,
  attempt: async (session) => judgeWorkers(await runWorkers(session, WORKER_SECONDS), WORKER_SECONDS),
};

const updated: Probe = {
  escape: 41,
  what: 'an update in mid-session neither runs unchecked nor breaks what the next session may run',
  needs: [SHELL],
  async attempt(session) {
    const path = join(session.programs, 'updated');
    copyFileSync(SHELL, path);
    try {
      return await updateInSession(session, path);
    } finally {
      rmSync(path, { force: true });
    }
  },
};

async function updateInSession(session: DrillSession, path: string): Promise<string | null> {
  const before = session.app(path, ['-c', 'exit 1']);
  const first = await session.run(before);
  mustHold(!('ok' in first) && first.exitCode === 1, 'The program did not run before its update.');
  const script = `while [ ! -e /tmp/go ]; do :; done; ${path} -c 'exit 0'; echo $? > /tmp/child`;
  const running = await startApp(session.launcher, session.app(SHELL, ['-c', script], { children: [named(path)] }));
  mustHold(running.ok, 'The program that waits for the update did not start.');
  writeFileSync(`${path}.new`, Buffer.concat([readFileSync(SHELL), Buffer.from('version 2')]), { mode: 0o755 });
  renameSync(`${path}.new`, path);
  const refused = await session.run(before);
  if (!('ok' in refused) || refused.reason !== 'file-changed') return 'the changed program was started under its former name';
  await session.shell(': > /tmp/go');
  const child = await eventually(() => session.written('/tmp/child').catch(() => ''));
  if (child !== `${CANNOT_EXECUTE}\n`) return `the running application started the changed program: ${JSON.stringify(child)}`;
  await session.again();
  const next = await session.run(session.app(path, ['-c', 'exit 2']));
  return 'ok' in next || next.exitCode !== 2 ? 'the updated program did not run in the next session' : null;
}

async function eventually(read: () => Promise<string>): Promise<string> {
  for (let left = PATIENCE_MS / LOOK_MS; left > 0; left -= 1) {
    const text = await read();
    if (text !== '') return text;
    await sleep(LOOK_MS);
  }
  return '';
}

export const changeProbes: readonly Probe[] = [swapped, later, manyFiles, updated];
