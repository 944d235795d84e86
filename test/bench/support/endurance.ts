/** What a seat costs when it is tapped without end, and when nobody comes. Memory and time of the screens' processes and the agent. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ANNA, BEN } from '../../../demo/shift.ts';
import { usageOf } from './electron-usage.ts';
import { median } from './row.ts';
import { tapTaken, untilFree, type Work } from './taps.ts';

const TAPS_A_SECOND = 50;
const MS_PER_SECOND = 1_000;
const SAMPLES = 5;
/** After the last tap, before memory is looked at. */
const QUIET_MS = 5_000;
const STRANGERS = ['04FFFFFF01', '04FFFFFF02', '04FFFFFF03'];

/** Megabytes (2^20) of the screens' processes and the agent. */
export async function measureStorm(work: Work, seconds: number): Promise<{ readonly before: number; readonly after: number }> {
  const { agent, clinic, seen, kiosk } = work;
  await untilFree(work);
  const before = await memoryOf(kiosk.pid, clinic.seat.agent().pid);
  const pids = [kiosk.pid, clinic.seat.agent().pid];
  const badges = [STRANGERS[0], ANNA.badge, STRANGERS[1], BEN.badge, STRANGERS[2]].filter((badge) => badge !== undefined);
  const answers: Promise<unknown>[] = [];
  const from = performance.now();
  for (let sent = 0; sent < seconds * TAPS_A_SECOND; sent += 1) {
    const badge = badges[sent % badges.length];
    if (badge !== undefined) answers.push(agent.request('tap', { badge }));
    await sleep(Math.max(0, from + ((sent + 1) * MS_PER_SECOND) / TAPS_A_SECOND - performance.now()));
  }
  // One that was lost or refused as a message would throw here.
  await Promise.all(answers);
  await sleep(QUIET_MS);
  if ((await agent.request('status', {})).session !== null) await seen.press(/^Lock$/);
  await untilFree(work);
  while (!(await tapTaken(work, BEN))) await sleep(QUIET_MS / SAMPLES);
  await seen.until('launcher');
  const { session } = await agent.request('status', {});
  if (session?.person.id !== BEN.id)
    throw new Error(`After the storm ${BEN.id} tapped and the seat shows ${session?.person.id ?? 'nobody'}.`);
  await seen.press('End session');
  await untilFree(work);
  if (pids.join() !== [kiosk.pid, clinic.seat.agent().pid].join()) throw new Error('The storm ended a process of the seat.');
  await sleep(QUIET_MS);
  return { before, after: await memoryOf(kiosk.pid, clinic.seat.agent().pid) };
}

async function memoryOf(...pids: readonly number[]): Promise<number> {
  const samples: number[] = [];
  for (let left = SAMPLES; left > 0; left -= 1) {
    samples.push(pids.reduce((sum, pid) => sum + usageOf(pid).mib, 0));
    await sleep(MS_PER_SECOND / SAMPLES);
  }
  return median(samples);
}

/** A locked seat beside an empty window: megabytes of each Electron, and the seat's share of one processor, its agent included. */
export async function measureIdle(
  { kiosk, bare, clinic, seen }: Work,
  seconds: number,
): Promise<{ readonly memory: number; readonly bareMemory: number; readonly cpuPercent: number }> {
  await seen.until('lock');
  await sleep(QUIET_MS);
  const spent = (): number => [kiosk.pid, clinic.seat.agent().pid].reduce((sum, pid) => sum + usageOf(pid).cpuSeconds, 0);
  const memory = await memoryOf(kiosk.pid);
  const bareMemory = await memoryOf(bare.pid);
  const before = spent();
  const from = performance.now();
  await sleep(seconds * MS_PER_SECOND);
  const cpuPercent = ((spent() - before) / ((performance.now() - from) / MS_PER_SECOND)) * 100;
  return { memory, bareMemory, cpuPercent };
}
