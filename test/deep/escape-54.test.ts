/**
 * Escape 54 with the whole agent: the disk of a seat fills up or turns read-only, while it is locked and while somebody works. No
 * content comes up, the seat says what is wrong, and nothing that it acknowledged is missing afterwards.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { failingDisk, type SmallDisk, smallDisk } from '../audit/small-disk.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { type Screens, SeatProcess } from '../support/seat-process.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const STRANGER = '0499999999';
const FILL_BYTES = 4096;

let seat: SeatProcess;
let disk: SmallDisk | undefined;
beforeEach(async () => {
  if (isLinuxRoot) seat = await SeatProcess.create();
});
afterEach(async () => {
  if (!isLinuxRoot) return;
  await seat.stop('SIGKILL');
  disk?.unmount();
  disk = undefined;
  await seat.remove();
});

const typesOf = (events: readonly AuditEvent[]): readonly string[] => events.map(({ type }) => type);

type Furnished = { readonly screens: Screens; readonly sync: Awaited<ReturnType<SeatProcess['syncer']>> };
async function furnished(change: Parameters<SeatProcess['furnish']>[1] = {}): Promise<Furnished> {
  await seat.start();
  const sync = await seat.furnish([ada], change);
  const screens = await seat.screens();
  await screens.sees(({ phase }) => phase === 'locked');
  return { screens, sync };
}

async function signIn({ client, sees, pin }: Screens): Promise<void> {
  await client.request('badge', { number: ada.badge });
  await pin(ada.pin);
  await sees(({ phase }) => phase === 'open');
}

/** By badge, and by PIN where it is asked for. */
async function tryToReturn({ client, sees }: Screens): Promise<void> {
  await client.request('badge', { number: ada.badge });
  const { phase } = await sees(({ phase, message }) => phase === 'authenticating' || message !== null);
  if (phase === 'authenticating') await client.request('pin', { pin: ada.pin });
}

/** Takes the last byte of the disk; what is in use keeps its own. */
function fill(): () => void {
  const filler = join(seat.state, 'filler');
  const file = openSync(filler, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(FILL_BYTES));
  } catch {
    closeSync(file);
  }
  return () => rmSync(filler);
}

/** Emergency access opens; whether it is in a log is on the screen. */
async function emergency({ client, sees }: Screens, note: string, recorded: boolean): Promise<void> {
  expect(await client.request('breakGlass', { reasonId: 'emergency', note })).toEqual({ taken: true });
  expect(await sees(({ phase }) => phase === 'open')).toMatchObject({ session: { kind: 'breakglass', recorded } });
  await client.request('logout', {});
  await sees(({ phase }) => phase === 'locked');
}

describe('a full disk', () => {
  beforeEach(() => {
    if (isLinuxRoot) disk = smallDisk(seat.state, 'size=24m');
  });

  rootTest(
    'escape 54 locked: the disk is full: nobody signs in, the seat says so, emergencies are recorded, and all goes on with room',
    async () => {
      const { screens, sync } = await furnished();
      const { client, sees } = screens;
      const makeRoom = fill();
      await client.request('badge', { number: STRANGER });
      await sees(({ truth }) => truth.storage.state === 'full');
      await client.request('badge', { number: ada.badge });
      await client.request('pin', { pin: ada.pin });
      expect(await sees(({ message }) => message?.key === 'store.full')).toMatchObject({
        phase: 'locked',
        session: null,
        apps: [],
        message: { code: 'AUDIT_STORE_FULL' },
      });
      await emergency(screens, 'fire', true);
      const run = (await sync.request('logs', {})).logs[1];
      // An event and what opens its epoch, for each: who was refused, the emergency and its end.
      expect(run?.size).toBe(8);
      makeRoom();
      await signIn(screens);
      await sees(({ truth }) => truth.storage.state === 'ok');
      const events = await seat.record(sync);
      // Class 1 is never lost without a word: the emergency log took all of it, so nothing is only counted, and is named.
      expect(events).toContainEqual({ type: 'recording.emergency', body: { incarnation: run?.incarnation, entries: 8 } });
      expect(typesOf(events)).toContain('session.started');
      expect(typesOf(events)).not.toContain('tamper.found');
    },
  );

  rootTest(
    'escape 54 locked: after a mistyped PIN the agent starts on the full disk all the same, and emergency access opens',
    async () => {
      const { screens } = await furnished();
      await screens.client.request('badge', { number: ada.badge });
      await screens.pin('135799');
      await screens.sees(({ message }) => message?.key === 'pin.wrong');
      await seat.stop('SIGKILL');
      const makeRoom = fill();
      await seat.start();
      const again = await seat.screens();
      await again.sees(({ phase }) => phase === 'locked');
      expect(await again.client.request('breakGlass', { reasonId: 'emergency', note: 'fire' })).toEqual({ taken: true });
      expect(await again.sees(({ phase }) => phase === 'open')).toMatchObject({ session: { kind: 'breakglass' } });
      await again.client.request('logout', {});
      await again.sees(({ phase }) => phase === 'locked');
      makeRoom();
      await signIn(again);
    },
  );

  rootTest('escape 54 in session: where the policy says so the seat locks by itself once the record cannot be written', async () => {
    const { screens, sync } = await furnished({ failures: { recordingBroken: 'lock' } });
    const { client, sees } = screens;
    await signIn(screens);
    const { session } = screens.view();
    const makeRoom = fill();
    expect(await client.request('launch', { appId: 'web' })).toMatchObject({ taken: false });
    expect(await sees(({ phase }) => phase === 'locked')).toMatchObject({
      session: null,
      message: { key: 'store.full', code: 'AUDIT_STORE_FULL' },
      kept: { until: expect.any(String) },
    });
    makeRoom();
    await signIn(screens);
    expect(screens.view().session?.id).toBe(session?.id);
    expect(typesOf(await seat.record(sync))).toContain('recording.emergency');
  });

  rootTest(
    'escape 54 in session: the disk fills up at work: the seat still locks, does not open again until there is room, and the work is kept',
    async () => {
      const { screens, sync } = await furnished();
      const { client, sees } = screens;
      await signIn(screens);
      const { session } = screens.view();
      const makeRoom = fill();
      await client.request('lock', {});
      await sees(({ phase, truth }) => phase === 'locked' && truth.storage.state === 'full');
      await tryToReturn(screens);
      expect(await sees(({ message }) => message?.key === 'store.full')).toMatchObject({ phase: 'locked', session: null });
      const run = (await sync.request('logs', {})).logs[1];
      expect(run?.size).toBeGreaterThanOrEqual(2);
      makeRoom();
      await signIn(screens);
      expect(screens.view().session?.id).toBe(session?.id);
      const events = await seat.record(sync);
      expect(events).toEqual(
        expect.arrayContaining([{ type: 'recording.emergency', body: { incarnation: run?.incarnation, entries: run?.size } }]),
      );
      expect(typesOf(events)).toContain('session.unlocked');
      expect(typesOf(events)).not.toContain('tamper.found');
    },
  );
});

describe('a disk that turns read-only', () => {
  let failing: ReturnType<typeof failingDisk>;
  beforeEach(() => {
    if (!isLinuxRoot) return;
    failing = failingDisk(seat.state, join(seat.folder, 'disk.img'));
    disk = failing;
  });

  /** The kernel gives the disk up between two writes of the agent. */
  async function turnReadOnly(): Promise<void> {
    await seat.pausedFor(() => failing.turnReadOnly());
  }

  /** After the repair: the record verifies, holds what was acknowledged, and says that it stopped. */
  async function repaired(known: readonly AuditEvent[]): Promise<readonly AuditEvent[]> {
    await seat.stop('SIGKILL');
    failing.mountAgain();
    await seat.start();
    const events = await seat.record(await seat.syncer());
    expect(events.slice(0, known.length)).toEqual(known);
    const after = events.slice(known.length);
    expect(after).toContainEqual({ type: 'recording.stopped', body: { reason: 'inferred' } });
    expect(typesOf(events)).not.toContain('tamper.found');
    return after;
  }

  rootTest(
    'escape 54 locked: the disk turns read-only: nobody signs in, emergencies open as not recorded, and nothing acknowledged is lost',
    async () => {
      const { screens, sync } = await furnished();
      const { client, sees } = screens;
      const known = await seat.record(sync);
      await turnReadOnly();
      await client.request('badge', { number: ada.badge });
      await client.request('pin', { pin: ada.pin });
      expect(await sees(({ message }) => message?.key === 'store.broken')).toMatchObject({ phase: 'locked', session: null, apps: [] });
      await emergency(screens, 'fire', false);
      await sees(({ truth }) => truth.storage.state === 'broken');
      await repaired(known);
    },
  );

  rootTest(
    'escape 54 in session: the disk turns read-only at work: the seat locks, does not open again, and names the end after the repair',
    async () => {
      const { screens, sync } = await furnished();
      const { client, sees } = screens;
      await signIn(screens);
      const known = await seat.record(sync);
      await turnReadOnly();
      await client.request('lock', {});
      await sees(({ phase, truth }) => phase === 'locked' && truth.storage.state === 'broken');
      await tryToReturn(screens);
      expect(await sees(({ message }) => message?.key === 'store.broken')).toMatchObject({ phase: 'locked', session: null });
      const after = await repaired(known);
      expect(typesOf(after)).toContain('session.ended');
    },
  );
});
