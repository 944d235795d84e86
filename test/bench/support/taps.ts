/**
 * The kiosk of a clinic at work, and how soon people get in: each time is from the badge or the last digit to the painted
 * launcher, in turn with a bare round trip, so that a slow moment of a shared machine meets both.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CliBoundary, cliBoundary } from '../../../contract/cli.ts';
import { pinOutput, pinVerifier } from '../../../crypto/pin-verifier.ts';
import type { Clinic } from '../../../demo/clinic.ts';
import type { StaffMember } from '../../../demo/clinic-policy.ts';
import { type Kiosk, typeAsPerson } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { type Screens, screens } from '../../../demo/screens.ts';
import { ANNA, BEN, enterPin } from '../../../demo/shift.ts';
import { type BoundaryClient, connect } from '../../../ipc/client.ts';
import type { PolicyDocument } from '../../../policies/schema.ts';
import { type Outputs, outputsOf } from '../../support/outputs.ts';
import { bareRoundTrip, openBareElectron, pressKey } from './bare-kiosk.ts';
import { timeToPaint } from './painted.ts';
import { median } from './row.ts';
import type { Signal } from './signal.ts';

const WARM_UP = 3;
/** The next person is measured at a seat that is free: what ends the session before is not part of a sign-in. */
const SETTLE_MS = 400;
const POLICY_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 100;
const ARGON2_RUNS = 9;
const SHIFT_SECONDS = 43_200;

/** Milliseconds each; `bare` are the round trips of the same run. */
export interface Timed {
  readonly times: readonly number[];
  readonly bare: readonly number[];
}

export interface Work {
  readonly clinic: Clinic;
  readonly kiosk: Kiosk;
  readonly bare: Kiosk;
  readonly seen: Screens;
  readonly agent: BoundaryClient<CliBoundary>;
  readonly signal: Signal;
  /** Null where the display has one output for ever. */
  readonly outputs: Outputs | null;
  /** From now on the badge alone is enough after a PIN, and the web app of one colour is there. */
  allowBadgeAlone(): Promise<void>;
  close(): Promise<void>;
}

export async function openWork(clinic: Clinic, signal: Signal, severalOutputs: boolean): Promise<Work> {
  const { name, authority } = clinic.display;
  const outputs = severalOutputs && authority !== undefined ? outputsOf({ name, authority }) : null;
  await outputs?.plug(1, '1024x768', '--right-of', 0);
  await outputs?.colourBeneath();
  const kiosk = await openDrivenKiosk(clinic);
  const bare = await openBareElectron(clinic);
  const agent = await connect({
    boundary: cliBoundary,
    path: join(clinic.seat.stateDir, 'run', 'cli.sock'),
    build: 'wardlock-bench/0.1.0',
    events: {},
  });
  return {
    clinic,
    kiosk,
    bare,
    seen: screens(kiosk.page),
    agent,
    signal,
    outputs,
    async allowBadgeAlone() {
      const { version } = await clinic.publish((policy) => withGrace(policy, signal));
      const deadline = performance.now() + POLICY_LIMIT_MS;
      for (;;) {
        const { truth } = await agent.request('status', {});
        if (truth.policy.state === 'active' && truth.policy.version === version) return;
        if (performance.now() > deadline) throw new Error(`The seat has not taken policy ${version}.`);
        await sleep(LOOK_EVERY_MS);
      }
    },
    async close() {
      agent.close();
      await bare.stop();
      await kiosk.stop();
    },
  };
}

function withGrace(policy: PolicyDocument, { origin }: Signal): PolicyDocument {
  const app = { id: 'signal', name: 'Signal', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
  return {
    ...policy,
    apps: [...policy.apps, app],
    roles: policy.roles.map((role) => ({ ...role, apps: [...role.apps, app.id] })),
    signIn: { ...policy.signIn, rules: [{ badgeOnly: { withinSeconds: SHIFT_SECONDS, confirmedSeconds: 0 } }] },
  };
}

/** Measures in turn with the bare round trip, after a few runs that warm up. */
export async function inTurn(work: Work, runs: number, measure: (turn: number) => Promise<number>): Promise<Timed> {
  const times: number[] = [];
  const bare: number[] = [];
  for (let turn = -WARM_UP; turn < runs; turn += 1) {
    const empty = await bareRoundTrip(work.bare, turn);
    const time = await measure(turn);
    if (turn < 0) continue;
    bare.push(empty);
    times.push(time);
  }
  return { times, bare };
}

export const tapTaken = async ({ agent }: Work, { badge }: StaffMember): Promise<boolean> => (await agent.request('tap', { badge })).taken;

export async function untilFree({ kiosk, seen }: Work): Promise<void> {
  await seen.until('lock');
  await kiosk.page.waitForTimeout(SETTLE_MS);
}

/** Last digit to launcher, less what Argon2 alone takes here: that time is spent on purpose. */
export async function measurePin(work: Work, runs: number): Promise<Timed> {
  const { kiosk, seen } = work;
  const argon2 = median(await argon2Times());
  return inTurn(work, runs, async () => {
    await untilFree(work);
    // The screen of that name is there from the tap on, the pad once the session before has ended.
    await timeToPaint(kiosk.page, 'pin', () => tapTaken(work, ANNA), { selector: '.pin-person', text: ANNA.displayName });
    // Nobody types in the frame in which the pad appears; the digits before the last one are on the screen when the clock starts.
    await kiosk.page.waitForTimeout(SETTLE_MS);
    await typeAsPerson(kiosk.page, ANNA.pin.slice(0, -1));
    await kiosk.page.waitForFunction((typed) => document.querySelectorAll('.dot[data-filled="yes"]').length === typed, ANNA.pin.length - 1);
    const time = await timeToPaint(kiosk.page, 'launcher', () => pressKey(kiosk.page, ANNA.pin.slice(-1)));
    await seen.press('End session');
    return time - argon2;
  });
}

async function argon2Times(): Promise<readonly number[]> {
  const cost = await pinVerifier(ANNA.pin);
  const times: number[] = [];
  for (let left = ARGON2_RUNS; left > 0; left -= 1) {
    const from = performance.now();
    await pinOutput(ANNA.pin, cost);
    times.push(performance.now() - from);
  }
  return times;
}

/** Badge to launcher, within the time in which the badge alone is enough. */
export async function measureGrace(work: Work, runs: number): Promise<Timed> {
  for (const person of [ANNA, BEN]) await withPin(work, person);
  return inTurn(work, runs, async () => {
    await untilFree(work);
    const time = await timeToPaint(work.kiosk.page, 'launcher', () => tapTaken(work, ANNA));
    await work.seen.press('End session');
    return time;
  });
}

/** Badge of one person over the open session of another, to the launcher of the one who tapped. */
export async function measureTapOver(work: Work, runs: number): Promise<Timed> {
  await untilFree(work);
  const launcherOf = (person: StaffMember): Promise<number> =>
    timeToPaint(work.kiosk.page, 'launcher', () => tapTaken(work, person), { selector: '.bar-person strong', text: person.displayName });
  await launcherOf(BEN);
  let last = BEN;
  const timed = await inTurn(work, runs, async () => {
    await work.kiosk.page.waitForTimeout(SETTLE_MS);
    last = last === BEN ? ANNA : BEN;
    return launcherOf(last);
  });
  await work.seen.press('End session');
  return timed;
}

async function withPin(work: Work, person: StaffMember): Promise<void> {
  await untilFree(work);
  await timeToPaint(work.kiosk.page, 'pin', () => tapTaken(work, person));
  await enterPin(work.seen, person.pin);
  await work.seen.until('launcher');
  await work.seen.press('End session');
}
