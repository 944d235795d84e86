/**
 * Each process of the way is killed with SIGKILL once, in mid-shift. Required each time: the seat ends locked, nothing that
 * was acknowledged is lost, and after the restart the story on the server is whole.
 */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Kiosk } from '../../demo/kiosk.ts';
import { openDrivenKiosk } from '../../demo/open-kiosk.ts';
import { screens } from '../../demo/screens.ts';
import { ANNA, enterPin, tap } from '../../demo/shift.ts';
import { openTestClinic, type StoredEvent, type TestClinic } from './support/clinic.ts';

/** From a restart to the last event on the server: a backoff may lie between. */
const CATCH_UP_MS = 60_000;
/** Nobody moves during these tests; the seat must not warn meanwhile. */
const NO_WARNING_SECONDS = 600;

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
  await signIn();
  const session = await openSession();
  opened.clinic.seat.agent().kill('SIGKILL');
  await screens(kiosk.page).until('away');
  await expect(kiosk.page.getByText(ANNA.displayName)).toHaveCount(0);
  await opened.clinic.seat.startAgent();
  await screens(kiosk.page).until('lock');
  expect((await opened.status()).session).toBeNull();
  await storyOf(session, 'agent-restart');
});

test('kill -9 of the screens: the agent locks and says why; new screens start locked', async () => {
  await signIn();
  const session = await openSession();
  process.kill(kiosk.pid, 'SIGKILL');
  await expect.poll(async () => (await opened.status()).phase, { timeout: 10_000 }).toBe('locked');
  kiosk = await openDrivenKiosk(opened.clinic);
  await screens(kiosk.page).until('lock');
  await expect.poll(() => types(session), { timeout: CATCH_UP_MS }).toEqual(expect.arrayContaining(['session.started', 'session.locked']));
  expect(opened.events().map(({ type }) => type)).toContain('ui.lost');
  // The work was kept for its owner.
  await signIn();
  expect(await openSession()).toBe(session);
  await screens(kiosk.page).press('End session');
  await screens(kiosk.page).until('lock');
  await storyOf(session, 'logout');
});

test('kill -9 of the syncer: the seat goes on; after the restart everything arrives once', async () => {
  opened.clinic.seat.syncer().kill('SIGKILL');
  await signIn();
  const session = await openSession();
  await screens(kiosk.page).press('End session');
  await screens(kiosk.page).until('lock');
  expect(types(session)).toEqual([]);
  await opened.clinic.seat.startSyncer();
  await storyOf(session, 'logout');
});

test('kill -9 of the server: the seat goes on; after the restart everything arrives once', async () => {
  opened.clinic.site.server().kill('SIGKILL');
  await opened.clinic.site.server().exited;
  await signIn();
  const session = await openSession();
  await screens(kiosk.page).press('End session');
  await screens(kiosk.page).until('lock');
  await opened.clinic.site.restart();
  await storyOf(session, 'logout');
});

test('after all four the log of the seat verifies, and the server holds each of its entries once', async () => {
  const { cli, places, seat } = opened.clinic;
  const snapshot = join(places.site, 'after-kills.db');
  await cli.must(['audit', 'snapshot', snapshot, '--state', seat.stateDir]);
  const { logKey } = JSON.parse(await cli.must(['identity', '--state', seat.stateDir, '--json'])) as { logKey: string };
  await cli.must(['audit', 'verify', snapshot, '--key', logKey]);
  await expect.poll(() => gaps(opened.events()), { timeout: CATCH_UP_MS }).toEqual([]);
});

async function signIn(): Promise<void> {
  const seen = screens(kiosk.page);
  await seen.until('lock');
  await tap(opened.clinic, ANNA.badge);
  await seen.until('pin');
  await enterPin(seen, ANNA.pin);
  await seen.until('launcher');
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

/** Positions of the log that the server misses or holds twice. */
function gaps(events: readonly StoredEvent[]): readonly number[] {
  return events.map(({ seq }, index) => seq - index).filter((shift) => shift !== 0);
}
