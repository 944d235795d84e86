/**
 * Whose rights the syncer has, as the kernel tells them: started by root it has another user's and can never have root's again;
 * without a user of its own root does not start it at all.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { rootTest } from '../support/root.ts';
import { SeatProcess } from '../support/seat-process.ts';
import { cli, until } from '../support/server-process.ts';
import { SyncerProcess, syncUser } from '../support/syncer-process.ts';

/** The four ids of a line of /proc/PID/status: real, effective, saved, file system. */
const ids = (status: string, name: string): string[] => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/) ?? [];

rootTest('the syncer that root starts is another user in every thread, without groups, capabilities or a way back', async () => {
  const user = syncUser;
  if (user === null) throw new Error('root has a user for the syncer');
  const seat = await SeatProcess.create([], user);
  const syncer = new SyncerProcess(seat);
  try {
    await seat.start();
    const screens = await seat.screens();
    // It has reached the agent, which admits this user alone, when an enrolment is taken; nobody answers there.
    await until(() =>
      screens.client.request('enrol', { server: '127.0.0.1:1', token: seat.site.token }).then(
        ({ taken }) => taken,
        () => false,
      ),
    );
    await screens.sees((view) => view.enrolment?.step === 'failed');
    const threads = readdirSync(`/proc/${syncer.pid}/task`);
    expect(threads.length).toBeGreaterThan(1);
    for (const thread of threads) {
      const status = readFileSync(`/proc/${syncer.pid}/task/${thread}/status`, 'utf8');
      expect(ids(status, 'Uid')).toEqual(Array(4).fill(String(user.uid)));
      expect(ids(status, 'Gid')).toEqual(Array(4).fill(String(user.gid)));
      expect(ids(status, 'Groups')).toEqual([String(user.gid)]);
      for (const set of ['CapPrm', 'CapEff', 'CapAmb']) expect(ids(status, set)).toEqual(['0000000000000000']);
    }
  } finally {
    await syncer.stop();
    await seat.remove();
  }
});

rootTest('root without a user for the syncer, root as that user, and one who does not exist are refused in plain words', async () => {
  const refused = (...more: string[]): Promise<string> => cli(['syncer', '--state', '/nonexistent', ...more]).then(() => 'started', String);
  expect(await refused()).toMatch(/it never runs as root. Name its user with --user. \(START_USAGE\)/);
  expect(await refused('--user', 'root')).toMatch(/root has rights of root.*\(START_USAGE\)/);
  expect(await refused('--user', 'wl-nobody-such')).toMatch(/There is no user wl-nobody-such.*\(START_USAGE\)/);
});
