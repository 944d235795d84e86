/**
 * From the request of the screens to a program that is executed, through a whole agent: its socket, the decision, the hash, the durable event, the
 * sandbox. In turn with a bare spawn of the same program, so that a slow moment of the machine meets both.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeThrowAwayUsers } from '../../../agent/os/users.ts';
import type { PolicyDocument } from '../../../policies/schema.ts';
import { named } from '../../support/sandboxed-seat.ts';
import { type Screens, SeatProcess } from '../../support/seat-process.ts';
import { startTestDisplay, XClient } from '../../support/x-display.ts';
import { type BenchRow, judge, median, percentile } from './row.ts';

export const LAUNCHES = 30;
/** Long enough for the next starter to be warm, as it is between two launches of a person. */
const BETWEEN_MS = 400;
const LAUNCH_LIMIT_MS = 20_000;
const PROGRAM = '/bin/true';
const APP = 'bench';
const PERSON = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const SIZE = { x: 0, y: 0, width: 640, height: 480 };
const GOAL = { is: 'at most', value: 5, of: 'ratio' } as const;

export async function measureLaunch(): Promise<BenchRow> {
  const { screens, close } = await openScreens();
  try {
    const launched: number[] = [];
    const spawned: number[] = [];
    // The first launch waits for the display and its window manager.
    await launch(screens);
    for (let round = 0; round < LAUNCHES; round += 1) {
      await sleep(BETWEEN_MS);
      spawned.push(await timed(() => once(spawn(PROGRAM, { stdio: 'ignore' }), 'spawn')));
      launched.push(await timed(() => launch(screens)));
    }
    return judge({
      ...{ id: 'launch', unit: 'ms', goal: GOAL },
      ...{ median: median(launched), p99: percentile(launched, 0.99), baseline: median(spawned) },
    });
  } finally {
    await close();
  }
}

async function launch(screens: Screens): Promise<void> {
  const { taken } = await screens.client.request('launch', { appId: APP }, LAUNCH_LIMIT_MS);
  if (!taken) throw new Error(`The agent started nothing: ${screens.view()?.message?.code ?? screens.view()?.phase}.`);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await act();
  return performance.now() - from;
}

/** A seat that somebody has signed in to, as its screens see it. */
async function openScreens(): Promise<{ readonly screens: Screens; readonly close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'wl-bench-'));
  const outer = await startTestDisplay(SIZE.width, SIZE.height);
  const client = new XClient(outer.name, outer.xauthority);
  const made = await makeThrowAwayUsers({ journal: join(folder, 'users.json'), prefix: 'wlbench', roles: ['ui', 'app-1'] });
  const { ui, 'app-1': app } = made.users;
  const seat = await SeatProcess.create(['--ui-user', ui.name, '--app-user', app.name, '--display-cookie', outer.xauthority]);
  const close = async (): Promise<void> => {
    await seat.remove();
    client.close();
    await made.remove();
    await outer.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    chmodSync(seat.folder, 0o711);
    await seat.start();
    const program = { ...named(PROGRAM), args: [], env: {}, children: [], oneInstance: false };
    const origin = 'http://127.0.0.1';
    const apps: PolicyDocument['apps'] = [
      { id: APP, name: 'Bench', kind: 'native', icon: 'x', ...program },
      { id: 'web', name: 'Web', kind: 'web', icon: 'web', url: `${origin}/`, origins: [origin] },
    ];
    await seat.furnish([PERSON], { apps, roles: [{ id: 'nurse', name: 'Nurse', apps: [APP] }] }, ui);
    const screens = await seat.screens(ui);
    await screens.client.request('surface', { display: outer.name, windowId: client.window(SIZE), width: SIZE.width, height: SIZE.height });
    await screens.client.request('badge', { number: PERSON.badge });
    await screens.pin(PERSON.pin);
    await screens.sees((view) => view.phase === 'open');
    return { screens, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}
