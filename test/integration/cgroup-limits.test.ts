/** Limits of a session's group in the real kernel: with whatever controllers its version 2 hierarchy has. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cgroupMount, endCgroup, enterCgroup, makeCgroup, makeSubgroup } from '../../agent/os/cgroup.ts';
import { handOn } from '../../agent/os/cgroup-limits.ts';
import { rootTest } from '../support/root.ts';

const words = (path: string): readonly string[] => readFileSync(path, 'utf8').trim().split(' ').filter(Boolean);

rootTest('each controller that the kernel has reaches the groups of an application, and no other is said to', async () => {
  const mount = (await cgroupMount()) ?? '';
  const had = words(join(mount, 'cgroup.subtree_control'));
  const seat = await makeCgroup(mount, `wltest-limits-${process.pid}`);
  try {
    const session = await makeSubgroup(seat, 'session');
    const own = await makeSubgroup(session, 'own');
    const sleeper = spawn('/bin/sleep', ['infinity']);
    try {
      if (sleeper.pid !== undefined) await enterCgroup(own, sleeper.pid);
      const known = words(join(mount, 'cgroup.controllers'));
      const handed = await handOn([mount, seat.path, session.path], [...known, 'no-such-controller']);
      expect([...handed]).toEqual(known);
      const app = await makeSubgroup(session, 'app-1');
      expect(words(join(app.path, 'cgroup.controllers'))).toEqual(known);
    } finally {
      sleeper.kill('SIGKILL');
    }
  } finally {
    await endCgroup(seat);
    for (const name of words(join(mount, 'cgroup.subtree_control')))
      if (!had.includes(name)) writeFileSync(join(mount, 'cgroup.subtree_control'), `-${name}`);
  }
});
