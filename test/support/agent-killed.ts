/**
 * Fault 20 with the whole agent as a test: killed again and again while its screens and its syncer use it at once. What each of them
 * was told is kept here, in another process, and held against the record in the end.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCheckpoint, treeHasher, verifyConsistency } from '../../core/audit/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { progress } from './progress.ts';
import { type Screens, SeatProcess } from './seat-process.ts';
import { until } from './server-process.ts';

/** Kills fall upon another number of answers in each round, from so many on. */
const LEAST_ANSWERS = 4;
const SPREAD = 9;

type Syncer = Awaited<ReturnType<SeatProcess['syncer']>>;

/** What the agent acknowledged, as whoever it was told to has it. */
interface Acknowledged {
  /** Notes of emergency sessions that were seen to open. */
  readonly opened: string[];
  /** Versions of policies that were said to be in force. */
  readonly applied: number[];
  /** The last signed checkpoint of each round. */
  readonly checkpoints: string[];
}

/** Opens and leaves emergency sessions for as long as the agent lives. */
async function workAtSeat({ client, sees }: Screens, round: number, { opened }: Acknowledged): Promise<void> {
  for (let at = 0; ; at += 1) {
    const note = `round ${round}, number ${at}`;
    await client.request('breakGlass', { reasonId: 'emergency', note });
    await sees((view) => view.phase === 'open');
    opened.push(note);
    await client.request('logout', {});
    await sees((view) => view.phase === 'locked');
  }
}

/** Brings one policy after the other. */
async function bringPolicies(seat: SeatProcess, syncer: Syncer, versions: { next: number }, { applied }: Acknowledged): Promise<void> {
  for (;;) {
    const version = versions.next;
    versions.next += 1;
    const outcome = await syncer.request('policy', { envelope: seat.site.policy(seat.site.document(version)) });
    expect(outcome).toEqual({ outcome: 'applied', version });
    applied.push(version);
  }
}

/** Reports what goes into the record without an answer, and asks for the checkpoint to anchor. */
async function anchor(syncer: Syncer, round: number, { checkpoints }: Acknowledged): Promise<void> {
  for (;;) {
    await syncer.request('incident', { code: 'SERVER_UNREACHABLE', detail: 'none' });
    const head = await syncer.request('checkpoint', {});
    if (head !== null) checkpoints[round] = head.note;
  }
}

/** An agent that is killed in the middle of a request ends what asks it, and nothing else may. */
async function untilKilled(use: Promise<void>, killed: Promise<void>): Promise<void> {
  let isKilled = false;
  void killed.then(() => {
    isKilled = true;
  });
  await Promise.race([
    killed,
    use.catch((failure: unknown) => {
      if (!isKilled && !isClosed(failure)) throw failure;
      return killed;
    }),
  ]);
}

function isClosed(failure: unknown): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === 'IPC_CLOSED';
}

/** The log as it is now extends each signed checkpoint that was handed out. */
async function arePrefixes(syncer: Syncer, notes: readonly string[]): Promise<void> {
  const head = await syncer.request('checkpoint', {});
  if (head === null) throw new Error('There is no record.');
  const { incarnation } = head.position;
  const now = parseCheckpoint(head.note).checkpoint;
  for (const note of notes) {
    const then = parseCheckpoint(note).checkpoint;
    expect(then.origin).toBe(now.origin);
    const { proof } = await syncer.request('consistency', { incarnation, from: then.size, to: now.size });
    const claim = { oldSize: then.size, oldRoot: then.root, size: now.size, root: now.root };
    const hashes = proof.map((one) => new Uint8Array(Buffer.from(one, 'base64')));
    expect(verifyConsistency(treeHasher(nodeCrypto), claim, hashes)).toBe(true);
  }
}

/** The test itself, for so many rounds. */
export function agentKilled(rounds: number): void {
  let seat: SeatProcess;
  beforeEach(async () => {
    seat = await SeatProcess.create();
    await seat.start();
  });
  afterEach(() => seat.remove());

  test(`fault 20: the agent is killed at any moment, ${rounds} times: all that it told screens and syncer is in the record, once`, async () => {
    (await seat.furnish([{ id: 'ada', badge: '04A1B2C3', pin: '246810' }])).close();
    const acknowledged: Acknowledged = { opened: [], applied: [], checkpoints: [] };
    const versions = { next: 2 };
    const say = progress('killed and started again', rounds);
    for (let round = 0; round < rounds; round += 1) {
      const screens = await seat.screens();
      await screens.sees((view) => view.phase === 'locked');
      const syncer = await seat.syncer();
      const answers = (): number => acknowledged.opened.length + acknowledged.applied.length;
      const enough = answers() + LEAST_ANSWERS + (round % SPREAD);
      const using = Promise.all([
        untilKilled(workAtSeat(screens, round, acknowledged), screens.closed),
        untilKilled(bringPolicies(seat, syncer, versions, acknowledged), screens.closed),
        untilKilled(anchor(syncer, round, acknowledged), screens.closed),
      ]);
      await Promise.race([using, until(() => answers() >= enough)]);
      await seat.stop('SIGKILL');
      await using;
      await seat.start();
      await say(round + 1);
    }
    const syncer = await seat.syncer();
    await arePrefixes(syncer, acknowledged.checkpoints);
    const events = await seat.record(syncer);
    const { opened, applied, checkpoints } = acknowledged;
    expect(Math.min(opened.length, applied.length, checkpoints.length)).toBeGreaterThanOrEqual(rounds);
    const notes = events.flatMap(({ type, body }) => (type === 'breakglass.started' ? [body.note] : []));
    const policies = events.flatMap(({ type, body }) => (type === 'policy.applied' ? [body.version] : []));
    expect(notes).toEqual(expect.arrayContaining(opened));
    expect(policies).toEqual(expect.arrayContaining(applied));
    // Once, in order, and of each at most one a round beyond: the one that the kill fell upon.
    expect(new Set(notes).size).toBe(notes.length);
    expect(policies).toEqual([...new Set(policies)].toSorted((a, b) => a - b));
    expect(notes.length - opened.length).toBeLessThanOrEqual(rounds);
    expect(policies.length - applied.length).toBeLessThanOrEqual(rounds + 1);
    const stops = events.filter(({ type }) => type === 'recording.stopped').map(({ body }) => body);
    expect(stops).toEqual(Array.from({ length: rounds }, () => ({ reason: 'inferred' })));
    expect(events.filter(({ type }) => type === 'tamper.found')).toEqual([]);
  });
}
