/**
 * Escape 49 with the whole agent: the power is cut while it writes its log, at a locked seat and in a session. What the disk has then
 * is all that is left; the seat comes back locked, and whatever it acknowledged is in the record.
 */
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { isWardlockError } from '../../core/errors/index.ts';
import { type FailingDisk, failingDisk } from '../audit/small-disk.ts';
import { isLinuxRoot, rootTest } from '../support/root.ts';
import { type Screens, SeatProcess } from '../support/seat-process.ts';
import { until } from '../support/server-process.ts';

const CUTS = 3;
/** The power goes after another number of answers each time. */
const LEAST_ANSWERS = 3;

let seat: SeatProcess;
let disk: FailingDisk;
beforeEach(async () => {
  if (!isLinuxRoot) return;
  seat = await SeatProcess.create();
  disk = failingDisk(seat.state, join(seat.folder, 'disk.img'));
  await seat.start();
});
afterEach(async () => {
  if (!isLinuxRoot) return;
  await seat.stop('SIGKILL');
  disk.unmount();
  await seat.remove();
});

/** Nothing more reaches the disk, then the agent is gone, then the machine starts again. */
async function cutPower(): Promise<void> {
  await seat.pausedFor(() => disk.turnReadOnly());
  await seat.stop('SIGKILL');
  disk.mountAgain();
  await seat.start();
}

/** A policy after the other; what was said to be in force is kept. Ends with the power. */
async function bringPolicies(versions: { next: number }, applied: number[]): Promise<void> {
  const syncer = await seat.syncer();
  for (;;) {
    const version = versions.next;
    versions.next += 1;
    const outcome = await syncer
      .request('policy', { envelope: seat.site.policy(seat.site.document(version)) })
      .catch((failure: unknown) => {
        if (isWardlockError(failure)) return null;
        throw failure;
      });
    if (outcome?.outcome !== 'applied') return;
    applied.push(version);
  }
}

/** Cuts the power again and again while policies arrive, and holds the record against what was acknowledged. */
async function cutWhile(begin: (screens: Screens) => Promise<string | null>): Promise<void> {
  (await seat.furnish([{ id: 'ada', badge: '04A1B2C3', pin: '246810' }])).close();
  const versions = { next: 2 };
  const applied: number[] = [];
  const sessions: string[] = [];
  for (let cut = 0; cut < CUTS; cut += 1) {
    const screens = await seat.screens();
    expect(await screens.sees(({ phase }) => phase === 'locked')).toMatchObject({ session: null, kept: null });
    const session = await begin(screens);
    if (session !== null) sessions.push(session);
    const enough = applied.length + LEAST_ANSWERS + cut;
    const bringing = bringPolicies(versions, applied);
    await until(() => applied.length >= enough);
    await cutPower();
    await bringing;
  }
  const events = await seat.record(await seat.syncer());
  const policies = events.flatMap(({ type, body }) => (type === 'policy.applied' ? [body.version] : []));
  expect(policies).toEqual(expect.arrayContaining(applied));
  expect(policies).toEqual([...new Set(policies)].toSorted((a, b) => a - b));
  expect(events.flatMap(({ type, body }) => (type === 'session.started' ? [body.session] : []))).toEqual(sessions);
  expect(events.flatMap(({ type, body }) => (type === 'session.ended' ? [body] : []))).toEqual(
    sessions.map((session) => ({ session, person: 'ada', reason: 'agent-restart' })),
  );
  expect(events.filter(({ type }) => type === 'tamper.found')).toEqual([]);
  expect(events.filter(({ type }) => type === 'recording.stopped')).toHaveLength(CUTS);
}

rootTest('escape 49 locked: power cut while the agent writes its log: it comes back locked and has all that it acknowledged', () =>
  cutWhile(async () => null),
);

rootTest(
  'escape 49 in session: power cut at work: the seat comes back locked, the session is ended in the record, nothing is missing',
  () =>
    cutWhile(async ({ client, sees, pin }) => {
      await client.request('badge', { number: '04A1B2C3' });
      await pin('246810');
      return (await sees(({ phase }) => phase === 'open')).session?.id ?? null;
    }),
);
