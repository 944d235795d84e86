/**
 * A real agent with its real store and sockets: the whole way of a shift, and everything that a person or a program can get
 * wrong at the seat. What happened is read from the record, decrypted, and not from the screen.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import type { SeatView } from '../../contract/seat-view.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import type { BoundaryClient } from '../../ipc/client.ts';
import { type Screens, SeatProcess } from '../support/seat-process.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const ben = { id: 'ben', badge: '04D4E5F6', pin: '135791' };
/** Long enough to tap meanwhile on a busy machine, shorter than a prompt stays, in milliseconds. */
const VALID_MS = 15_000;
const types = (events: readonly AuditEvent[]): string[] => events.map((event) => event.type);
const isOpen = (view: SeatView): boolean => view.phase === 'open';
const isLocked = (view: SeatView): boolean => view.phase === 'locked';
const asksPin = (view: SeatView): boolean => view.prompt?.kind === 'pin';

let seat: SeatProcess;
let syncer: BoundaryClient<SyncBoundary>;

beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(() => seat.remove());

async function furnished(): Promise<Screens> {
  syncer = await seat.furnish([ada, ben]);
  return seat.screens();
}

async function signIn(screens: Screens, who: { readonly badge: string; readonly pin: string }): Promise<SeatView> {
  await screens.client.request('badge', { number: who.badge });
  await screens.sees(asksPin);
  await screens.client.request('pin', { pin: who.pin });
  return screens.sees(isOpen);
}

describe('a shift', () => {
  test('tap, PIN, launch, lock, return, tap-over, logout: each step is in the record, under the policy that ruled it', async () => {
    const screens = await furnished();
    const open = await signIn(screens, ada);
    expect(open).toMatchObject({
      session: { person: { givenName: 'ada', roleName: 'Nurse' }, policyVersion: 1, recorded: true },
      apps: [{ id: 'web', state: 'ready' }],
    });
    expect(await screens.client.request('launch', { appId: 'web' })).toEqual({ taken: true });
    await screens.sees((view) => view.apps[0]?.state === 'running');
    expect(screens.web).toEqual(['open web']);
    expect(await screens.client.request('launch', { appId: 'shell' })).toEqual({ taken: false });
    await screens.client.request('lock', {});
    expect(await screens.sees(isLocked)).toMatchObject({ session: null, apps: [], kept: { initials: 'AD' } });
    await signIn(screens, ada);
    expect(screens.view().apps).toMatchObject([{ id: 'web', state: 'running' }]);
    await screens.client.request('badge', { number: ben.badge });
    expect(await screens.sees(asksPin)).toMatchObject({ prompt: { purpose: 'takeover', person: { initials: 'BE' } } });
    await screens.client.request('pin', { pin: ben.pin });
    expect(await screens.sees(isOpen)).toMatchObject({ session: { person: { givenName: 'ben' } } });
    expect(screens.web.slice(1)).toEqual(['closeAll all']);
    await screens.client.request('logout', {});
    await screens.sees((view) => isLocked(view) && view.kept === null);
    const events = await seat.recordUntil(syncer, 'session.ended', 2);
    expect(types(events)).toEqual([
      'recording.started',
      'ui.connected',
      'enrolment.completed',
      'ui.lost',
      'policy.applied',
      'directory.applied',
      'ui.connected',
      'session.started',
      'app.launched',
      'app.refused',
      'session.locked',
      'session.unlocked',
      'session.locked',
      'session.ended',
      'app.exited',
      'session.started',
      'session.ended',
    ]);
    expect(events.find((event) => event.type === 'app.refused')).toMatchObject({
      body: { app: 'not-named', reason: 'app-unknown', code: 'LAUNCH_APP_UNKNOWN' },
    });
    expect(events.filter((event) => event.type === 'session.started')).toMatchObject([
      { body: { person: 'ada', factors: ['badge', 'pin'], policyVersion: 1, replaces: null } },
      { body: { person: 'ben', replaces: expect.stringMatching(/^[0-9a-f]{32}$/) } },
    ]);
  });

  test('after one PIN the badge alone is enough where the policy says so, and a restart ends that', async () => {
    const roles = [{ id: 'nurse', name: 'Nurse', apps: ['web'], badgeOnlySeconds: 3_600 }];
    syncer = await seat.furnish([ada], { roles });
    const screens = await seat.screens();
    await signIn(screens, ada);
    await screens.client.request('logout', {});
    await screens.sees(isLocked);
    await screens.client.request('badge', { number: ada.badge });
    await screens.sees(isOpen);
    const started = (await seat.recordUntil(syncer, 'session.started', 2)).at(-1);
    expect(started).toMatchObject({ body: { person: 'ada', factors: ['badge'] } });
    await seat.stop('SIGKILL');
    await seat.start();
    const again = await seat.screens();
    await again.client.request('badge', { number: ada.badge });
    expect(await again.sees(asksPin)).toMatchObject({ session: null });
  });

  test('a tap right after "End session" is taken: nobody has to guess when the seat is free', async () => {
    const screens = await furnished();
    await signIn(screens, ada);
    // Both are on their way before the seat has answered the first.
    const ended = screens.client.request('logout', {});
    const tapped = screens.client.request('badge', { number: ben.badge });
    expect([await ended, await tapped]).toEqual([{ taken: true }, { taken: true }]);
    expect(await screens.sees(asksPin)).toMatchObject({ session: null, prompt: { purpose: 'open', person: { initials: 'BE' } } });
    await screens.client.request('pin', { pin: ben.pin });
    expect(await screens.sees(isOpen)).toMatchObject({ session: { person: { givenName: 'ben' } } });
    const events = await seat.recordUntil(syncer, 'session.started', 2);
    expect(types(events).slice(-3)).toEqual(['session.started', 'session.ended', 'session.started']);
  });

  test('break-glass without a badge, where the policy allows it: limited, recorded, and over at the end', async () => {
    const screens = await furnished();
    expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: 'bed 4' })).toEqual({ taken: true });
    expect(await screens.sees(isOpen)).toMatchObject({ session: { kind: 'breakglass', until: expect.any(String) }, apps: [{ id: 'web' }] });
    await screens.client.request('logout', {});
    expect(await screens.sees(isLocked)).toMatchObject({ localAlarm: { since: expect.any(String) } });
    const events = await seat.recordUntil(syncer, 'breakglass.ended');
    expect(types(events).slice(-2)).toEqual(['breakglass.started', 'breakglass.ended']);
    expect(events.at(-2)).toMatchObject({ body: { person: null, reason: 'emergency', note: 'bed 4', limitSeconds: 900 } });
    await signIn(screens, ada);
    expect(await screens.sees(isOpen)).toMatchObject({ localAlarm: null });
    const answered = (await seat.recordUntil(syncer, 'breakglass.answered')).at(-1);
    expect(events.at(-1)).toMatchObject({ body: { session: answered?.type === 'breakglass.answered' && answered.body.session } });
    expect(answered).toMatchObject({ body: { person: 'ada' } });
  });

  test('break-glass asked for right after "End session" opens once that has ended; a badge over it asks first and may witness it', async () => {
    const screens = await furnished();
    await signIn(screens, ada);
    await screens.sees(isOpen);
    const ended = screens.client.request('logout', {});
    const asked = screens.client.request('breakGlass', { reasonId: 'emergency', note: 'bed 4' });
    expect([await ended, await asked]).toEqual([{ taken: true }, { taken: true }]);
    await screens.sees(({ session }) => session?.kind === 'breakglass');
    await screens.client.request('badge', { number: ada.badge });
    await screens.sees(({ question, phase }) => question?.kind === 'handOver' && phase === 'open');
    expect(await screens.client.request('witness', {})).toEqual({ taken: true });
    expect(await screens.sees(({ question }) => question === null)).toMatchObject({ phase: 'open', session: { kind: 'breakglass' } });
    const events = await seat.recordUntil(syncer, 'breakglass.witnessed');
    expect(events.at(-1)).toMatchObject({ body: { person: 'ada' } });
    expect(types(events)).toContain('session.ended');
  });

  test('the power, the displays and lost screens lock at once and keep the work', async () => {
    const screens = await furnished();
    await signIn(screens, ada);
    await screens.client.request('power', { what: 'displays' });
    expect(await screens.sees(isLocked)).toMatchObject({ kept: { initials: 'AD' } });
    await signIn(screens, ada);
    screens.close();
    await screens.closed;
    const again = await seat.screens();
    expect(again.view()).toMatchObject({ phase: 'locked', kept: { initials: 'AD' } });
    const events = await seat.recordUntil(syncer, 'ui.connected', 3);
    expect(events.filter((event) => event.type === 'session.locked')).toMatchObject([
      { body: { reason: 'power-displays' } },
      { body: { reason: 'ui-lost' } },
    ]);
  });

  test('screens that hang are lost screens', async () => {
    const screens = await furnished();
    await signIn(screens, ada);
    screens.freeze();
    await screens.closed;
    const events = await seat.recordUntil(syncer, 'ui.lost', 2);
    expect(events.at(-1)).toMatchObject({ type: 'ui.lost', body: { reason: expect.stringMatching(/^(hung|silent)$/) } });
    expect(types(events)).toContain('session.locked');
  });
});

test('a person whose time at the site ends while their PIN is asked for is told so, and the prompt is gone', async () => {
  const validUntil = new Date(Date.now() + VALID_MS).toISOString();
  syncer = await seat.furnish([{ ...ada, change: { validUntil } }]);
  const screens = await seat.screens();
  await screens.client.request('badge', { number: ada.badge });
  await screens.sees(asksPin);
  expect(await screens.sees(({ prompt, message }) => prompt === null && message !== null)).toMatchObject({
    phase: 'locked',
    message: { key: 'badge.revoked' },
  });
});

describe('bad input of a person', () => {
  test('a wrong PIN: tries left, an event, still locked; after the third a wait that no restart shortens', async () => {
    const screens = await furnished();
    await screens.client.request('badge', { number: ada.badge });
    for (const triesLeft of [4, 3, 2]) {
      await screens.sees(asksPin);
      await screens.client.request('pin', { pin: '000000' });
      await screens.sees((view) => view.prompt?.kind === 'pin' && view.prompt.triesLeft === triesLeft);
    }
    expect(screens.view()).toMatchObject({ message: { key: 'pin.wait', code: 'SESSION_PIN_WAIT' }, session: null });
    expect(await screens.client.request('pin', { pin: ada.pin })).toEqual({ taken: false });
    const events = await seat.recordUntil(syncer, 'auth.refused', 3);
    expect(events.filter((event) => event.type === 'auth.refused').map((event) => event.body)).toMatchObject([
      { person: 'ada', reason: 'pin.wrong', triesLeft: 4 },
      { triesLeft: 3 },
      { triesLeft: 2 },
    ]);
    await seat.stop('SIGKILL');
    await seat.start();
    const again = await seat.screens();
    await again.client.request('badge', { number: ada.badge });
    const view = await again.sees(asksPin);
    expect(view.prompt).toMatchObject({ triesLeft: 2 });
    expect(view.prompt?.kind === 'pin' && view.prompt.waitMs).toBeGreaterThan(0);
    expect(await again.client.request('pin', { pin: ada.pin })).toEqual({ taken: false });
  });

  test('an unknown badge: a plain sentence, an event with its keyed hash and never its number', async () => {
    const screens = await furnished();
    expect(await screens.client.request('badge', { number: 'DEADBEEF' })).toEqual({ taken: false });
    expect(await screens.sees((view) => view.message !== null)).toMatchObject({ phase: 'locked', message: { key: 'badge.unknown' } });
    const event = (await seat.recordUntil(syncer, 'auth.refused')).at(-1);
    expect(event).toMatchObject({ body: { person: null, reason: 'badge.unknown', badge: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(JSON.stringify(event)).not.toContain('DEADBEEF');
    expect(seat.log).not.toContain('DEADBEEF');
  });

  test('a PIN that is too short for a seat with its key in a file: said at the tap, recorded, and emergency access still works', async () => {
    syncer = await seat.furnish([{ ...ada, pin: '2468' }]);
    const screens = await seat.screens();
    expect(await screens.client.request('badge', { number: ada.badge })).toEqual({ taken: false });
    expect(await screens.sees((view) => view.message !== null)).toMatchObject({
      phase: 'locked',
      prompt: null,
      message: { key: 'pin.short' },
    });
    expect((await seat.recordUntil(syncer, 'auth.refused')).at(-1)).toMatchObject({ body: { person: 'ada', reason: 'pin.too-short' } });
    await screens.client.request('breakGlass', { reasonId: 'emergency', note: '' });
    await screens.sees(isOpen);
  });

  test('a seat without policy or staff opens for nobody and says so', async () => {
    await seat.enrol();
    const screens = await seat.screens();
    expect(await screens.client.request('badge', { number: ada.badge })).toEqual({ taken: false });
    expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: '' })).toEqual({ taken: false });
    expect(screens.view()).toMatchObject({ phase: 'locked', session: null, truth: { policy: { state: 'none' } } });
  });
});

describe('kill -9 in mid-shift', () => {
  test('the seat comes up locked, the session has ended, and nothing acknowledged is lost', async () => {
    const screens = await furnished();
    await signIn(screens, ada);
    await screens.client.request('launch', { appId: 'web' });
    const before = await seat.recordUntil(syncer, 'app.launched');
    await seat.stop('SIGKILL');
    await seat.start();
    syncer = await seat.syncer();
    const again = await seat.screens();
    expect(again.view()).toMatchObject({ phase: 'locked', session: null, kept: null, truth: { policy: { version: 1 } } });
    const after = await seat.recordUntil(syncer, 'ui.connected', 3);
    expect(after.slice(0, before.length)).toEqual(before);
    const session = before.find((event) => event.type === 'session.started')?.body.session;
    expect(after.slice(before.length, before.length + 3)).toMatchObject([
      { type: 'recording.stopped', body: { reason: 'inferred' } },
      { type: 'recording.started', body: { reason: 'restart' } },
      { type: 'session.ended', body: { session, person: 'ada', reason: 'agent-restart' } },
    ]);
    await signIn(again, ada);
  });

  test('SIGTERM ends the session and the record in order', async () => {
    const screens = await furnished();
    await signIn(screens, ada);
    expect(await seat.stop('SIGTERM')).toBe(0);
    await seat.start();
    syncer = await seat.syncer();
    const events = await seat.recordUntil(syncer, 'recording.started', 2);
    expect(types(events).slice(-3)).toEqual(['session.ended', 'recording.stopped', 'recording.started']);
    expect(events.at(-1)).toMatchObject({ body: { reason: 'start' } });
  });
});
