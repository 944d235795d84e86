/**
 * The slice's figures: from a badge to a usable launcher in the real kiosk, durable appends, the agent's memory. Each against
 * a baseline of the same run where there is one.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliBoundary, cliBoundary } from '../../contract/cli.ts';
import { type Clinic, openClinic } from '../../demo/clinic.ts';
import { type Kiosk, typeAsPerson } from '../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../demo/open-kiosk.ts';
import { screens } from '../../demo/screens.ts';
import { ANNA } from '../../demo/shift.ts';
import { type BoundaryClient, connect } from '../../ipc/client.ts';
import { measureSingleAppends } from './support/append.ts';
import { openBareElectron, pressKey } from './support/bare-kiosk.ts';
import { timeToPaint } from './support/painted.ts';
import { type BenchOptions, type BenchRow, judge, median, percentile } from './support/row.ts';

const TAPS = 20;
const WARM_UP_TAPS = 3;
const APPEND_ROUNDS = 9;
const APPENDS_A_ROUND = 1_000;
const MS_PER_SECOND = 1_000;
const KB_PER_MB = 1_024;
/** Nobody moves while it is measured; the seat must not warn meanwhile. */
const NO_WARNING_SECONDS = 600;
const P99 = 0.99;
const SETTLE_MS = 600;

export async function run({ say }: BenchOptions): Promise<readonly BenchRow[]> {
  say('append.single: durable appends in turn with bare durable inserts');
  const { appends, inserts } = await measureSingleAppends(APPEND_ROUNDS, APPENDS_A_ROUND);
  const append = judge({
    id: 'append.single',
    unit: 'events/s',
    median: median(appends),
    p99: percentile(appends, 1 - P99),
    baseline: median(inserts),
    goal: { is: 'at least', value: 0.4, of: 'ratio' },
  });

  const folder = await mkdtemp(join(tmpdir(), 'wardlock-bench-'));
  const clinic = await openClinic({
    stateDir: folder,
    progress: {
      step(title, work) {
        say(title);
        return work();
      },
      note: say,
    },
    warnAfterSeconds: NO_WARNING_SECONDS,
    display: { kind: 'memory', width: 1280, height: 800 },
  });
  try {
    say(`tap.launcher: ${TAPS} sign-ins in the real kiosk, in turn with a bare Electron`);
    const { taps, bare } = await measureTaps(clinic);
    const memory = await residentMegabytes(clinic.seat.agent().pid);
    return [
      judge({
        id: 'tap.launcher',
        unit: 's',
        median: median(taps) / MS_PER_SECOND,
        p99: percentile(taps, P99) / MS_PER_SECOND,
        baseline: median(bare) / MS_PER_SECOND,
        goal: { is: 'at most', value: 8, of: 'ratio' },
      }),
      append,
      judge({ id: 'agent.memory', unit: 'MB', median: memory, goal: { is: 'at most', value: 120, of: 'median' } }),
    ];
  } finally {
    await clinic.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureTaps(clinic: Clinic): Promise<{ readonly taps: readonly number[]; readonly bare: readonly number[] }> {
  const kiosk = await openDrivenKiosk(clinic);
  const bareKiosk = await openBareElectron(clinic);
  const agent = await connect({
    boundary: cliBoundary,
    path: join(clinic.seat.stateDir, 'run', 'cli.sock'),
    build: 'wardlock-bench/0.1.0',
    events: {},
  });
  try {
    const taps: number[] = [];
    const bare: number[] = [];
    for (let run = -WARM_UP_TAPS; run < TAPS; run += 1) {
      const key = run % 2 === 0 ? 'a' : 'b';
      const empty = await timeToPaint(bareKiosk.page, key, () => pressKey(bareKiosk.page, key));
      const opened = await signIn(kiosk, agent);
      if (run >= 0) {
        bare.push(empty);
        taps.push(opened);
      }
    }
    return { taps, bare };
  } finally {
    agent.close();
    await bareKiosk.stop();
    await kiosk.stop();
  }
}

/** The software's part of a sign-in, in milliseconds: badge to PIN pad, and last digit to launcher. The person's typing is left out. */
async function signIn(kiosk: Kiosk, agent: BoundaryClient<CliBoundary>): Promise<number> {
  const { page } = kiosk;
  const seen = screens(page);
  await seen.until('lock');
  // The next person is measured at a seat that is free: what ends the session before is not part of a sign-in.
  await page.waitForTimeout(SETTLE_MS);
  const toPad = await timeToPaint(page, 'pin', async () => (await agent.request('tap', { badge: ANNA.badge })).taken);
  await typeAsPerson(page, ANNA.pin.slice(0, -1));
  const toLauncher = await timeToPaint(page, 'launcher', () => pressKey(page, ANNA.pin.slice(-1)));
  await seen.press('End session');
  await seen.until('lock');
  return toPad + toLauncher;
}

/** Resident set of a process, from the kernel's own account (proc(5), `VmRSS`). */
async function residentMegabytes(pid: number): Promise<number> {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error('the agent is not running');
  return Number(kilobytes) / KB_PER_MB;
}
