/**
 * Each process of the way is killed with SIGKILL once, in mid-shift. Required each time: the seat ends locked, nothing that
 * was acknowledged is lost, and after the restart the story on the server is whole.
 */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { Child } from '../../../demo/child.ts';
import type { Kiosk } from '../../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../../demo/open-kiosk.ts';
import { endSession, screens } from '../../../demo/screens.ts';
import { ANNA } from '../../../demo/shift.ts';
import { openTestClinic, type StoredEvent, type TestClinic } from '../support/clinic.ts';
import { signIn } from '../support/sign-in.ts';

/** From a restart to the last event on the server: a backoff may lie between. */
const CATCH_UP_MS = 60_000;
/** Nobody moves during these tests; the seat must not warn meanwhile. */
const NO_WARNING_SECONDS = 600;

const Identity = Type.Object({ logKey: Type.String() });
const Verified = Type.Object({
  ok: Type.Boolean(),
  anchored: Type.Boolean(),
  faultCount: Type.Integer(),
  logs: Type.Array(Type.Object({ incarnation: Type.String(), size: Type.Integer() })),
});

test.describe.configure({ mode: 'serial' });

let opened: TestClinic;
let kiosk: Kiosk;

test.beforeAll(async () => {
  opened = await openTestClinic(NO_WARNING_SECONDS);
  kiosk = await openDrivenKiosk(opened.clinic);
});
test.afterAll(async () => {
  await kiosk?.stop().catch(() => undefined);
  await opened?.clear();
});

test('kill -9 of the agent: the screens cover everything; after the restart locked, the session ended, the record whole', async () => {
  await signIn(kiosk.page, opened.clinic);
  const session = await openSession();
  opened.clinic.seat.agent().kill('SIGKILL');
  await screens(kiosk.page).until('away');
  await expect(kiosk.page.getByText(ANNA.displayName)).toHaveCount(0);
  await opened.clinic.seat.startAgent();
  await screens(kiosk.page).until('lock');
  expect((await opened.status()).session).toBeNull();
  await storyOf(session, 'agent-restart');
});

test('kill -9 of the screens: the agent locks and says why; new screens start locked, and show the applications of the session', async () => {
  await signIn(kiosk.page, opened.clinic);
  const session = await openSession();
  await bringsUp(/^Calculator/u);
  await bringsUp(/^Ward handbook/u);
  process.kill(kiosk.pid, 'SIGKILL');
  await expect.poll(async () => (await opened.status()).phase, { timeout: 10_000 }).toBe('locked');
  kiosk = await openDrivenKiosk(opened.clinic);
  await screens(kiosk.page).until('lock');
  await expect.poll(() => types(session), { timeout: CATCH_UP_MS }).toEqual(expect.arrayContaining(['session.started', 'session.locked']));
  expect(opened.events().map(({ type }) => type)).toContain('ui.lost');
  // The work was kept for its owner.
  await signIn(kiosk.page, opened.clinic);
  expect(await openSession()).toBe(session);
  // The native one ended with its display and starts on another; the one of the web goes on, its page is loaded anew.
  await bringsUp(/^Calculator/u);
  const handbook = kiosk.app.waitForEvent('window');
  await bringsUp(/^Ward handbook/u);
  await (await handbook).waitForSelector('h1');
  const launches = (): number => types(session).filter((type) => type === 'app.launched').length;
  await expect.poll(launches, { timeout: CATCH_UP_MS }).toBe(3);
  await screens(kiosk.page).press('Apps');
  await screens(kiosk.page).until('launcher');
  await endSession(screens(kiosk.page));
  await storyOf(session, 'logout');
});

test('kill -9 of the syncer in mid-shift: the seat goes on and locks; after the restart everything arrives once', async () => {
  const session = await killInMidShift(opened.clinic.seat.syncer());
  await opened.clinic.seat.startSyncer();
  await arrivesOnce(session);
});

test('kill -9 of the server in mid-shift: the seat goes on and locks; after the restart everything arrives once', async () => {
  const session = await killInMidShift(opened.clinic.site.server());
  await opened.clinic.site.restart();
  await arrivesOnce(session);
});

test('after all four the log of the seat verifies, and the server holds each of its entries once', async () => {
  const { cli, places, seat } = opened.clinic;
  const snapshot = join(places.site, 'after-kills.db');
  await cli.must(['audit', 'snapshot', snapshot, '--state', seat.stateDir]);
  const { logKey } = Value.Parse(Identity, JSON.parse(await cli.must(['identity', '--state', seat.stateDir, '--json'])));
  const report = Value.Parse(Verified, JSON.parse(await cli.must(['audit', 'verify', snapshot, '--key', logKey, '--json'])));
  expect(report).toMatchObject({ ok: true, anchored: true, faultCount: 0 });
  const [log] = report.logs;
  if (log === undefined || report.logs.length !== 1) throw new Error('a snapshot holds one log');
  expect(log.size).toBeGreaterThan(30);
  await expect.poll(() => storedOf(log.incarnation), { timeout: CATCH_UP_MS }).toBeGreaterThanOrEqual(log.size);
  // The index can't hold one twice; its rows must reach as far as the log did when it was copied, each place named once.
  const indexed = (): readonly number[] =>
    opened
      .events()
      .map(({ seq }) => seq)
      .filter((seq) => seq < log.size);
  await expect.poll(() => indexed().at(-1), { timeout: CATCH_UP_MS }).toBe(log.size - 1);
  expect(indexed()).toEqual(Array.from({ length: log.size }, (_, seq) => seq));
});

/** An application by its tile. */
async function bringsUp(tile: RegExp): Promise<void> {
  const seen = screens(kiosk.page);
  if ((await kiosk.page.getAttribute('html', 'data-screen')) === 'app') await seen.press('Apps');
  await seen.until('launcher');
  await seen.press(tile);
  await seen.until('app');
}

/**
 * Anna signs in and works. The process is held first, so that there surely are entries without a receipt when it is killed;
 * she works on, and locks.
 */
async function killInMidShift(victim: Child): Promise<string> {
  const seen = screens(kiosk.page);
  await signIn(kiosk.page, opened.clinic);
  const session = await openSession();
  await expect.poll(() => types(session), { timeout: CATCH_UP_MS }).toEqual(['session.started']);
  victim.kill('SIGSTOP');
  await seen.press(/^Calculator/);
  await seen.until('app');
  expect((await opened.status()).truth.storage.unreceipted).toBeGreaterThan(0);
  const before = opened.segments();
  victim.kill('SIGKILL');
  await victim.exited;

  await seen.press('Apps');
  await seen.until('launcher');
  await seen.press(/^Ward handbook/);
  await seen.until('app');
  await seen.press('Apps');
  await seen.until('launcher');
  await seen.press(/^Lock/);
  await seen.until('lock');
  expect(await opened.status()).toMatchObject({ phase: 'locked', session: null });
  expect(types(session)).toEqual(['session.started']);
  expect(opened.segments()).toEqual(before);
  return session;
}

/** The whole of it in order; then Anna comes back to her work and ends it. */
async function arrivesOnce(session: string): Promise<void> {
  const worked = ['session.started', 'app.launched', 'app.launched', 'session.locked'];
  await expect.poll(() => types(session), { timeout: CATCH_UP_MS }).toEqual(worked);
  await signIn(kiosk.page, opened.clinic);
  expect(await openSession()).toBe(session);
  await endSession(screens(kiosk.page));
  await storyOf(session, 'logout');
}

async function openSession(): Promise<string> {
  const { session } = await opened.status();
  if (session === null) throw new Error('nobody is signed in');
  return session.id;
}

const sessionOf = (event: StoredEvent): unknown => {
  const body: unknown = JSON.parse(event.body);
  return typeof body === 'object' && body !== null && 'session' in body ? body.session : undefined;
};

function types(session: string): readonly string[] {
  return opened
    .events()
    .filter((event) => sessionOf(event) === session)
    .map(({ type }) => type);
}

/** The story has one beginning and one end, with the reason that was expected. */
async function storyOf(session: string, reason: string): Promise<void> {
  const ends = (): readonly string[] =>
    opened
      .events()
      .filter((event) => sessionOf(event) === session && ['session.started', 'session.ended'].includes(event.type))
      .map(({ type, body }) => (type === 'session.ended' ? (JSON.parse(body) as { reason: string }).reason : type));
  await expect.poll(ends, { timeout: CATCH_UP_MS }).toEqual(['session.started', reason]);
}

/** Entries of a log that the server keeps. @throws where two of its pieces overlap or leave a gap */
function storedOf(incarnation: string): number {
  let next = 0;
  for (const { start, count } of opened.segments().filter((segment) => segment.incarnation === incarnation)) {
    expect(start, 'each piece begins where the one before it ended').toBe(next);
    next = start + count;
  }
  return next;
}
