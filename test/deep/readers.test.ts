/**
 * PC/SC readers for real: pcscd, two virtual readers, cards of ours, and a real agent whose screens the test holds. What a person
 * would see is read from the picture, what happened from the record.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test as plainTest } from 'vitest';
import { cliBoundary } from '../../contract/cli.ts';
import type { AuditEvent, EventBodyOf } from '../../contract/events.ts';
import type { SeatView } from '../../contract/seat-view.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { TAP_GUARD_MS } from '../../core/session/moves.ts';
import { type BoundaryClient, connect } from '../../ipc/client.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import { type Screens, SeatProcess } from '../support/seat-process.ts';
import { missingForReaders, VirtualReaders } from '../support/virtual-readers.ts';

const ada = { id: 'ada', badge: '04A1B2C3D4E5F6', pin: '246810' };
const ben = { id: 'ben', badge: '04D4E5F6', pin: '135791' };
const STRANGER = '04FFFFFF01';
const OVERLONG = 'AA'.repeat(300);
const isOpen = (view: SeatView): boolean => view.phase === 'open';
const isLocked = (view: SeatView): boolean => view.phase === 'locked';
const asksPin = (view: SeatView): boolean => view.prompt?.kind === 'pin';
const says = (key: string) => (view: SeatView) => view.message?.key === key;
const readerIs = (state: SeatView['truth']['reader']['state']) => (view: SeatView) => view.truth.reader.state === state;
const pause = (ms: number): Promise<void> => new Promise((later) => setTimeout(later, ms));
/** Bodies of the events of one type. */
function of<T extends AuditEvent['type']>(events: readonly AuditEvent[], type: T): EventBodyOf<T>[] {
  const isOfType = (event: {
    readonly type: string;
    readonly body: unknown;
  }): event is { readonly type: T; readonly body: EventBodyOf<T> } => event.type === type;
  const wide: readonly { readonly type: string; readonly body: unknown }[] = events;
  return wide.filter(isOfType).map(({ body }) => body);
}

let readers: VirtualReaders;
let seat: SeatProcess;
let syncer: BoundaryClient<SyncBoundary>;
let screens: Screens;

function test(name: string, body: () => Promise<void>): void {
  const missing = missingForReaders();
  plainTest(name, async (context) => {
    context.skip(missing !== null, missing ?? '');
    await body();
  });
}

async function open(change: Partial<PolicyDocument> = {}, service: { readonly running?: boolean } = {}): Promise<void> {
  readers = await VirtualReaders.open(service);
  seat = await SeatProcess.create(['--reader-socket', readers.socket]);
  await seat.start();
  syncer = await seat.furnish([ada, ben], change);
  screens = await seat.screens();
  if (service.running !== false) await screens.sees(readerIs('ok'));
}

afterEach(async () => {
  if (missingForReaders() !== null) return;
  await seat.remove();
  await readers.remove();
});

/** Held up and taken away again, as a person does. */
async function tap(uid: string, slot = 0): Promise<void> {
  await readers.place(slot, uid);
  await screens.sees((view) => asksPin(view) || view.message !== null || isOpen(view));
  await readers.take(slot);
}

async function signIn(who: typeof ada): Promise<void> {
  await tap(who.badge);
  await screens.sees(asksPin);
  await screens.client.request('pin', { pin: who.pin });
  await screens.sees(isOpen);
}

/** The states of the reader that were written down, in order. */
async function states(): Promise<string[]> {
  return of(await seat.record(syncer), 'reader.state').map(({ state }) => state);
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await pause(100);
}

async function doctorSays(): Promise<unknown> {
  const client = await connect({ boundary: cliBoundary, path: seat.socket('cli'), build: 'test', events: {} });
  try {
    return (await client.request('doctor', {})).checks.find(({ id }) => id === 'readers');
  } finally {
    client.close();
  }
}

/** The process of the agent that talks to the readers. */
function readerProcess(): number | undefined {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/u.test(entry));
  const mine = pids.filter((pid) => {
    try {
      const parent = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1];
      return parent === String(seat.pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('reader-program');
    } catch {
      return false;
    }
  });
  return mine[0] === undefined ? undefined : Number(mine[0]);
}

describe('a reader that works', () => {
  beforeEach(async () => {
    if (missingForReaders() === null) await open();
  });

  test('a tap and a PIN open the seat, and the number is nowhere', async () => {
    await signIn(ada);
    expect(screens.view()).toMatchObject({ session: { person: { givenName: 'ada' } }, truth: { reader: { state: 'ok' } } });
    await until(async () => (await states()).includes('ok'));
    const events = await seat.record(syncer);
    expect(of(events, 'session.started')).toMatchObject([{ person: 'ada', factors: ['badge', 'pin'] }]);
    expect(of(events, 'reader.state')[0]?.reader).toContain('Virtual PCD');
    expect(JSON.stringify(events)).not.toContain(ada.badge);
    expect(seat.log).not.toContain(ada.badge);
  });

  test('escape 44 locked: two cards at once on two readers give one prompt and at most one session', async () => {
    await Promise.all([readers.place(0, ada.badge), readers.place(1, ben.badge)]);
    await screens.sees(asksPin);
    await pause(1_000);
    const { prompt } = screens.view();
    const first = prompt?.kind === 'pin' && prompt.person?.initials === 'AD' ? ada : ben;
    await screens.client.request('pin', { pin: first.pin });
    await screens.sees(isOpen);
    await pause(1_500);
    expect(of(await seat.record(syncer), 'session.started')).toMatchObject([{ person: first.id }]);
    expect(screens.view()).toMatchObject({ phase: 'open', session: { person: { givenName: first.id } } });
  });

  test('escape 44 in session: a card left on the reader is one tap, also when the seat locks and the service starts anew', async () => {
    await readers.place(0, ada.badge);
    await screens.sees(asksPin);
    await screens.client.request('pin', { pin: ada.pin });
    await screens.sees(isOpen);
    await pause(1_500);
    expect(isOpen(screens.view())).toBe(true);
    await screens.client.request('lock', {});
    await screens.sees(isLocked);
    await pause(1_500);
    expect(screens.view().prompt).toBeNull();
    await readers.end();
    await screens.sees(readerIs('stopped'));
    await readers.start();
    await readers.place(0, ada.badge);
    await screens.sees(readerIs('ok'));
    const refused = of(await seat.record(syncer), 'auth.refused');
    expect(refused).toEqual([]);
    expect(of(await seat.record(syncer), 'session.started')).toHaveLength(1);
  });

  for (const phase of ['locked', 'in session'] as const) {
    test(`escape 44 ${phase}: a malformed ATR, an overlong UID and an unknown badge are refused in plain words, and nothing opens or closes`, async () => {
      if (phase === 'in session') await signIn(ada);
      const before = screens.view().phase;
      const cards = [
        { uid: '11223344', atr: '3BFFFFFF' },
        { uid: '11223344', atr: '00' },
        { uid: OVERLONG },
        { uid: 'AA'.repeat(40) },
        { uid: '' },
      ];
      for (const [at, { uid, ...manner }] of cards.entries()) {
        // By turns: the virtual reader looks for a card twice a second, and must have seen the one before go.
        const slot = at % 2;
        await readers.place(slot, uid, manner);
        // The service may let a card with a malformed ATR speak: then it is a stranger's.
        await screens.sees((view) => says('badge.unreadable')(view) || ('atr' in manner && says('badge.unknown')(view)));
        await readers.take(slot);
        expect(screens.view().phase).toBe(before);
        await screens.client.request('cancel', {});
        await screens.sees((view) => view.message === null);
        await pause(500);
      }
      await readers.place(1, STRANGER);
      await screens.sees(says('badge.unknown'));
      expect(screens.view().phase).toBe(before);
      await until(async () => of(await seat.record(syncer), 'auth.refused').some(({ reason }) => reason === 'badge.unknown'));
      const reasons = of(await seat.record(syncer), 'auth.refused').map(({ reason }) => reason);
      expect(new Set(reasons)).toEqual(new Set(['badge.unreadable', 'badge.unknown']));
      expect(seat.log).not.toContain('AAAAAAAA');
    });
  }

  test('escape 44 in session: fifty taps a second, by cards that flutter and by keys, leave the right session', async () => {
    await signIn(ada);
    const endMs = performance.now() + 3_000;
    const flutter = (async () => {
      while (performance.now() < endMs) {
        await readers.place(1, STRANGER);
        await pause(20);
        await readers.take(1);
        await pause(20);
      }
    })();
    while (performance.now() < endMs) {
      await screens.client.request('badge', { number: STRANGER });
      await pause(20);
    }
    await flutter;
    expect(screens.view()).toMatchObject({ phase: 'open', session: { person: { givenName: 'ada' } } });
    const events = await seat.record(syncer);
    expect(of(events, 'session.started')).toHaveLength(1);
    // The first of a row is written; how many followed is counted.
    expect(of(events, 'auth.refused').length).toBeLessThan(20);
    await readers.place(0, ada.badge);
    await screens.sees((view) => view.question?.kind === 'stay');
    await screens.client.request('lock', {});
    await screens.sees(isLocked);
  });
});

describe('a reader that does not work', () => {
  beforeEach(async () => {
    if (missingForReaders() === null) await open();
  });

  test('escape 45 locked: the service dies and comes back; unplugged and plugged in again', async () => {
    await readers.end();
    await screens.sees(readerIs('stopped'));
    expect(await doctorSays()).toMatchObject({ state: 'warn', todo: 'Start it: systemctl start pcscd.socket' });
    await until(async () => (await states()).at(-1) === 'stopped');
    await readers.start(false);
    await screens.sees(readerIs('absent'));
    await until(async () => (await states()).at(-1) === 'absent');
    await readers.end();
    await readers.start();
    await screens.sees(readerIs('ok'));
    expect(isLocked(screens.view())).toBe(true);
    await signIn(ada);
    await until(async () => (await states()).at(-1) === 'ok');
    expect((await states()).slice(-3)).toEqual(['stopped', 'absent', 'ok']);
  });

  test('escape 45 in session: the service dies and comes back under somebody who works; the tap to lock works again', async () => {
    await signIn(ada);
    await readers.end();
    await screens.sees(readerIs('stopped'));
    expect(isOpen(screens.view())).toBe(true);
    await readers.start();
    await screens.sees(readerIs('ok'));
    expect(isOpen(screens.view())).toBe(true);
    // On a quick machine all this is over before the guard of the tap that opened the seat is.
    await pause(TAP_GUARD_MS);
    await readers.place(0, ada.badge);
    await screens.sees((view) => view.question?.kind === 'stay');
    // The screens of this test say that somebody is typing.
    await screens.client.request('lock', {});
    await screens.sees(isLocked);
  });

  test('a service that freezes never holds up the seat, and is found out; it goes on when the service does', async () => {
    await readers.hold(true);
    await screens.sees(readerIs('frozen'));
    expect(await screens.client.request('badge', { number: ada.badge })).toEqual({ taken: true });
    await screens.sees(asksPin);
    await screens.client.request('pin', { pin: ada.pin });
    await screens.sees(isOpen);
    await screens.client.request('lock', {});
    await screens.sees(isLocked);
    await until(async () => (await states()).includes('frozen'));
    await readers.hold(false);
    await screens.sees(readerIs('ok'));
    await signIn(ben);
  });

  test('a card that does not answer is named, left alone, and forgotten once it is gone', async () => {
    await readers.place(0, ada.badge, { isMute: true });
    await screens.sees(readerIs('ghost'));
    expect(isLocked(screens.view())).toBe(true);
    await until(async () => (await states()).at(-1) === 'ghost');
    await readers.take(0);
    await screens.sees(readerIs('ok'));
    await signIn(ada);
  });

  test('escape 47 locked: the reader process is killed; another takes its place, and none outlives the agent', async () => {
    const first = readerProcess();
    if (first === undefined) throw new Error('there is no reader process');
    process.kill(first, 'SIGKILL');
    await until(async () => readerProcess() !== undefined && readerProcess() !== first);
    await screens.sees(readerIs('ok'));
    await signIn(ada);
    const second = readerProcess();
    await seat.stop('SIGKILL');
    await until(
      async () => !readdirSync('/proc').includes(String(second)) || readFileSync(`/proc/${second}/stat`, 'latin1').includes(') Z'),
    );
  });
});

describe('what the policy says of readers', () => {
  test('the card stays on the reader: taking it away locks, and ends the way in', async () => {
    await open({ readers: { cardRemoved: 'lock' } });
    await readers.place(0, ada.badge);
    await screens.sees(asksPin);
    await screens.client.request('pin', { pin: ada.pin });
    await screens.sees(isOpen);
    await readers.take(0);
    await screens.sees(isLocked);
    await until(async () => of(await seat.record(syncer), 'session.locked').some(({ reason }) => reason === 'card-removed'));
    await pause(1_000);
    await readers.place(0, ada.badge);
    await screens.sees(asksPin);
    await readers.take(0);
    await screens.sees((view) => view.prompt === null);
    expect(isLocked(screens.view())).toBe(true);
  });

  test('the service dies with the card on the reader: that counts as taken away', async () => {
    await open({ readers: { cardRemoved: 'lock' } });
    await readers.place(0, ada.badge);
    await screens.sees(asksPin);
    await screens.client.request('pin', { pin: ada.pin });
    await screens.sees(isOpen);
    await readers.end();
    await screens.sees(isLocked);
  });

  test('an unknown card may become somebody’s once it was held up, not because it lies there or is taken away', async () => {
    const signIn: PolicyDocument['signIn'] = { rules: [{ roles: ['nurse'], nameAndPin: true, enrolBadge: true }] };
    await open({ signIn, readers: { pcsc: false } }, { running: false });
    await syncer.request('connection', { state: 'online', since: '2030-06-01T10:00:00Z' });
    await readers.start();
    await readers.place(0, STRANGER);
    await pause(1_500);
    const on = seat.site.document(2, { signIn });
    expect(await syncer.request('policy', { envelope: seat.site.policy(on) })).toMatchObject({ outcome: 'applied' });
    await screens.sees(readerIs('ok'));
    await pause(1_500);
    expect(screens.view()).toMatchObject({ truth: { connection: { state: 'online' } }, signIn: { newBadge: false }, message: null });
    await readers.take(0);
    await pause(1_500);
    expect(screens.view().signIn.newBadge).toBe(false);
    await readers.place(0, STRANGER);
    await screens.sees(({ signIn: { newBadge } }) => newBadge);
  });

  test('a seat that should have a reader says so, one that types is not allowed, and PC/SC can be switched off', async () => {
    await open({ readers: { expected: true, keyboard: { allowed: false } } }, { running: false });
    await screens.sees(readerIs('stopped'));
    expect(await screens.client.request('badge', { number: ada.badge })).toEqual({ taken: false });
    await screens.sees(says('reader.notAllowed'));
    await readers.start();
    await screens.sees(readerIs('ok'));
    const off = seat.site.document(2, { readers: { pcsc: false } });
    expect(await syncer.request('policy', { envelope: seat.site.policy(off) })).toMatchObject({ outcome: 'applied' });
    await screens.sees((view) => view.truth.reader.state !== 'ok');
    await until(async () => readerProcess() === undefined);
  });
});
