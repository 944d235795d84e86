/**
 * What an application tries in vain becomes known: Landlock's own records, from the real kernel, told with the application and the
 * file.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { readAuditStatus, writeAuditEnabled } from '../../agent/os/audit-netlink.ts';
import { sessionTests } from '../support/in-session.ts';
import { rootTest } from '../support/root.ts';

const session = sessionTests();
const soon = { timeout: 5_000 };

function told(path: string): number {
  const { sessionId } = session;
  const ours = session.seat.denials.filter((denial) => denial.sessionId === sessionId && denial.appId === 'test' && denial.path === path);
  return ours.reduce((sum, { count }) => sum + count, 0);
}

/** Of this very process: other seats may have theirs. */
function listeners(): readonly number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/u.test(name));
  return all.map(Number).filter((pid) => {
    try {
      const [command, stat] = ['cmdline', 'stat'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
      return command?.includes('listener-program') === true && Number(stat?.split(') ')[1]?.split(' ')[1]) === process.pid;
    } catch {
      return false;
    }
  });
}

describe('denials', () => {
  rootTest('are reported on this kernel, and the mode says so', () => {
    expect(session.seat.launcher.mode).toEqual({ name: 'enforced', missing: [] });
  });

  rootTest('name the application and the program that it may not execute', async () => {
    await session.shell('/bin/true; /bin/false');
    await expect.poll(() => told(realpathSync('/bin/true')), soon).toBe(1);
    await expect.poll(() => told(realpathSync('/bin/false')), soon).toBe(1);
    expect(session.seat.denials.find(({ path }) => path === realpathSync('/bin/true'))?.access).toBe('execute');
  });

  rootTest('of reading are told as such', async () => {
    await session.shell('read -r line < /bin/ls');
    const path = realpathSync('/bin/ls');
    await expect.poll(() => told(path), soon).toBe(1);
    expect(session.seat.denials.find((denial) => denial.path === path)?.access).toBe('read');
  });

  rootTest('of a daemonised grandchild are told as those of its application', async () => {
    await session.shell('(setsid dash -c "sleep 0.2; /bin/uname" &)', ['/usr/bin/setsid', '/bin/dash', '/bin/sleep']);
    await expect.poll(() => told(realpathSync('/bin/uname')), soon).toBe(1);
  });

  rootTest('that come by the thousand are counted, and none is lost', async () => {
    const times = 3_000;
    await session.shell(`i=0; while [ $i -lt ${times} ]; do read -r line < /bin/cat; i=$((i+1)); done`);
    await expect.poll(() => told(realpathSync('/bin/cat')), soon).toBe(times);
    expect(session.seat.denials.filter(({ path }) => path === realpathSync('/bin/cat')).length).toBeLessThan(20);
  });

  rootTest('that were counted when the session ended are told all the same', async () => {
    const times = 500;
    await session.shell(`i=0; while [ $i -lt ${times} ]; do read -r line < /bin/chmod; i=$((i+1)); done`);
    await session.seat.launcher.endSession(session.sessionId);
    await expect.poll(() => told(realpathSync('/bin/chmod')), soon).toBe(times);
  });

  rootTest('are reported again after someone switched the kernel’s records off', async () => {
    writeAuditEnabled(0);
    await expect.poll(() => readAuditStatus().enabled, soon).toBe(1);
    await expect.poll(() => session.seat.launcher.mode.missing, soon).toEqual([]);
    await session.shell('/bin/date');
    await expect.poll(() => told(realpathSync('/bin/date')), soon).toBe(1);
  });

  rootTest('are reported again after their listener was killed, and meanwhile the mode says that they are not', async () => {
    const before = listeners();
    expect(before).not.toEqual([]);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    // A second later there may be another one already: this must not be looked at in steps.
    const isMissing = (): boolean => session.seat.launcher.mode.missing.length === 1;
    while (!isMissing() && listeners().every((pid) => before.includes(pid))) await setImmediate();
    expect(isMissing()).toBe(true);
    await expect.poll(() => session.seat.launcher.mode.missing, { timeout: 15_000 }).toEqual([]);
    await session.shell('/bin/hostname');
    await expect.poll(() => told(realpathSync('/bin/hostname')), soon).toBe(1);
  });
});
