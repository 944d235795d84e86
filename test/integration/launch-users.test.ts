/**
 * Throw-away users on the real system: made, used, removed, and removed at the next start when a run was killed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { makeThrowAwayUsers, removeLeftoverUsers } from '../../agent/os/users.ts';
import { isAlive } from '../support/processes.ts';
import { rootTest } from '../support/root.ts';

const PREFIX = 'wlusers';
let folder = '';
let journal = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-users-'));
  journal = join(folder, 'users.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function exists(name: string): boolean {
  return readFileSync('/etc/passwd', 'utf8').includes(`\n${name}:`);
}

describe('throw-away users', () => {
  rootTest('are made with a private home, cannot sign in, and are removed whole', async () => {
    const { users, remove } = await makeThrowAwayUsers({ journal, prefix: PREFIX, roles: ['ui', 'app-1'] });
    const { ui } = users;
    expect(ui.name).toMatch(/^wlusers\d*-ui$/u);
    expect(users['app-1'].uid).not.toBe(ui.uid);
    expect(statSync(ui.home)).toMatchObject({ uid: ui.uid, gid: ui.gid });
    expect(statSync(ui.home).mode & 0o777).toBe(0o700);
    expect(readFileSync('/etc/passwd', 'utf8')).toMatch(new RegExp(`^${ui.name}:x:.*:/usr/sbin/nologin$`, 'mu'));
    await remove();
    expect([exists(ui.name), existsSync(ui.home), existsSync(journal)]).toEqual([false, false, false]);
    expect(() => execFileSync('getent', ['group', ui.name])).toThrow();
  });

  rootTest('of a run that was killed are removed at the next start, with what still runs as them', async () => {
    const first = await makeThrowAwayUsers({ journal, prefix: PREFIX, roles: ['ui'] });
    const { uid, gid, name } = first.users.ui;
    const left = spawn('sleep', ['1000'], { uid, gid, stdio: 'ignore' });
    const gone = once(left, 'exit');
    const second = await makeThrowAwayUsers({ journal, prefix: PREFIX, roles: ['ui'] });
    await gone;
    expect(isAlive(left.pid ?? 0)).toBe(false);
    expect(second.users.ui.name).toBe(name);
    await second.remove();
    expect(exists(name)).toBe(false);
  });

  rootTest('a folder that a run left behind where a home would be is in nobody’s way, and stays', async () => {
    const left = `/var/lib/${PREFIX}-ui`;
    mkdirSync(left);
    try {
      const { users, remove } = await makeThrowAwayUsers({ journal, prefix: PREFIX, roles: ['ui'] });
      expect(users.ui.home).not.toBe(left);
      await remove();
      expect([existsSync(users.ui.home), existsSync(left)]).toEqual([false, true]);
    } finally {
      rmdirSync(left);
    }
  });

  rootTest('are removed though somebody removed one of them before', async () => {
    const { users, remove } = await makeThrowAwayUsers({ journal, prefix: PREFIX, roles: ['ui', 'app-1'] });
    execFileSync('userdel', [users.ui.name]);
    await remove();
    expect([exists(users['app-1'].name), existsSync(users.ui.home), existsSync(journal)]).toEqual([false, false, false]);
  });

  rootTest('of two runs at a time do not meet', async () => {
    const one = await makeThrowAwayUsers({ journal, prefix: PREFIX, roles: ['ui'] });
    const two = await makeThrowAwayUsers({ journal: `${journal}.two`, prefix: PREFIX, roles: ['ui'] });
    expect(two.users.ui.name).not.toBe(one.users.ui.name);
    expect(two.users.ui.uid).not.toBe(one.users.ui.uid);
    await Promise.all([one.remove(), two.remove()]);
  });

  rootTest('of runs that begin at the same moment do not meet either', async () => {
    const runs = await Promise.all(
      [1, 2, 3].map((number) => makeThrowAwayUsers({ journal: `${journal}.${number}`, prefix: PREFIX, roles: ['ui', 'app-1'] })),
    );
    expect(new Set(runs.flatMap(({ users }) => [users.ui.uid, users['app-1'].uid])).size).toBe(6);
    for (const { users, remove } of runs) {
      await remove();
      expect([exists(users.ui.name), existsSync(users.ui.home)]).toEqual([false, false]);
    }
  });

  rootTest('an account that merely has the name of one in the journal is left alone', async () => {
    writeFileSync(journal, JSON.stringify({ mark: `wardlock-throw-away-${'0'.repeat(16)}`, names: ['daemon', 'root', 'nobody'] }));
    await removeLeftoverUsers(journal);
    expect([exists('daemon'), exists('nobody')]).toEqual([true, true]);
  });

  rootTest('a journal that is none is an error, and nothing is removed', async () => {
    writeFileSync(journal, '{"names": 7}');
    await expect(removeLeftoverUsers(journal)).rejects.toMatchObject({ code: 'OS_USERS_FAILED' });
    expect(existsSync(journal)).toBe(true);
  });
});
