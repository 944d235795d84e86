/** Tap guard, procedure in progress and idle time at a real agent, over its sockets, with its own record. The screens are the test's. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SeatView } from '../../contract/seat-view.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { TAP_GUARD_MS } from '../../core/session/moves.ts';
import type { BoundaryClient } from '../../ipc/client.ts';
import { type Screens, SeatProcess } from '../support/seat-process.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const WARN_AFTER_S = 5;
const timers = {
  warnAfterSeconds: WARN_AFTER_S,
  warningSeconds: 20,
  keepSeconds: 600,
  maxSessionSeconds: 3600,
  staleAfterSeconds: 86_400,
  procedureSeconds: 600,
};
const isOpen = (view: SeatView): boolean => view.phase === 'open';
let seat: SeatProcess;
let syncer: BoundaryClient<SyncBoundary>;
let screens: Screens;
let pinMs: number;
let reporter: NodeJS.Timeout | undefined;

beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
  syncer = await seat.furnish([ada], { timers });
  screens = await seat.screens();
  await screens.client.request('badge', { number: ada.badge });
  await screens.sees((view) => view.prompt?.kind === 'pin');
  pinMs = performance.now();
  await screens.client.request('pin', { pin: ada.pin });
  await screens.sees(isOpen);
});

afterEach(async () => {
  clearInterval(reporter);
  await seat.remove();
});

/** From now on the screens say the truth: nobody touches anything. */
function untouched(): void {
  screens.freeze();
  const since = performance.now();
  reporter = setInterval(() => {
    const idleMs = Math.round(performance.now() - since);
    screens.client.request('activity', { osIdleMs: idleMs, ownIdleMs: idleMs }).catch(() => {});
  }, 500);
}

test('a second tap just after signing in leaves the seat open; a later one locks it', async (context) => {
  const second = await screens.client.request('badge', { number: ada.badge });
  const tookMs = performance.now() - pinMs;
  context.skip(tookMs >= TAP_GUARD_MS, `this machine took ${Math.round(tookMs)} ms for the second tap, longer than the guard`);
  expect(second).toEqual({ taken: false });
  expect(screens.view().phase).toBe('open');
  await expect
    .poll(async () => (await screens.client.request('badge', { number: ada.badge })).taken, { timeout: 30_000, interval: 3_000 })
    .toBe(true);
  await screens.sees((view) => view.phase === 'locked');
});

test('a procedure in progress outlasts the idle time, is in the record, and the warning comes once it is over', async () => {
  expect(await screens.client.request('procedure', { on: true })).toEqual({ taken: true });
  await screens.sees((view) => view.session?.procedure.until != null);
  untouched();
  await new Promise((later) => setTimeout(later, (WARN_AFTER_S + 4) * 1_000));
  expect(screens.view()).toMatchObject({ phase: 'open', session: { procedure: { offeredSeconds: 600 } } });
  expect(await screens.client.request('procedure', { on: false })).toEqual({ taken: true });
  await screens.sees((view) => view.phase === 'warning');
  await screens.client.request('lock', {});
  const events = await seat.recordUntil(syncer, 'session.locked');
  expect(events.map(({ type }) => type).filter((type) => /^(?:session|procedure)\./u.test(type))).toEqual([
    'session.started',
    'procedure.started',
    'procedure.ended',
    'session.warned',
    'session.locked',
  ]);
  expect(screens.view().truth.idle).toEqual({ confidence: 'full', reason: null });
});
