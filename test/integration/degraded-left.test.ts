/** What an application leaves running when its first process ends, on a seat without root: it is the application still. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DegradedLauncher } from '../../agent/launch/degraded/launcher.ts';
import { markedProcesses } from '../../agent/launch/degraded/marked-processes.ts';
import type { AppExit, StartedApp } from '../../agent/launch/port.ts';
import { SHELL } from '../support/in-session.ts';
import { named, startApp } from '../support/sandboxed-seat.ts';

const SESSION = 'e'.repeat(32);

let folder = '';
let launcher: DegradedLauncher;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-degraded-left-'));
  launcher = new DegradedLauncher({ runFolder: folder, stateFolder: folder, log: () => undefined });
  launcher.openSession({ sessionId: SESSION });
});

afterEach(async () => {
  await launcher.close();
  await rm(folder, { recursive: true, force: true });
});

/** Its first process has ended with 5 and has left one that sleeps. */
async function leaving(): Promise<StartedApp> {
  const exit = Promise.withResolvers<AppExit>();
  const args = ['-c', '(sleep 1000 &); exit 5'];
  const spec = { sessionId: SESSION, appId: 'app', ...named(SHELL), args, env: {}, children: [] };
  const app = await startApp(launcher, spec, exit.resolve);
  if (!app.ok) throw new Error(app.detail);
  expect(await exit.promise).toMatchObject({ exitCode: 5 });
  await expect.poll(() => markedProcesses(SESSION)).toHaveLength(1);
  return app;
}

test.runIf(process.platform === 'linux')('is ended with the application, which is gone then', async () => {
  const { gone } = await leaving();
  await launcher.endApp(SESSION, 'app');
  await gone;
  expect(await markedProcesses(SESSION)).toEqual([]);
});

test.runIf(process.platform === 'linux')('is gone when the last of it ends by itself', async () => {
  const { gone } = await leaving();
  const [left = 0] = await markedProcesses(SESSION);
  process.kill(left, 'SIGTERM');
  await gone;
});
