/**
 * Destroys what retention lets go: entries, their index rows and the envelopes of their epochs, and at last the keys of the
 * periods, so that no backup opens either. Leaf hashes stay, and the mirror signs which range went and why. Every step can be
 * cut off and is finished by the next run.
 */
import type { Kysely } from 'kysely';
import { type AuditCrypto, logOrigin, type NamedSigner, signPruneStatement } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import { type Hold, type Holds, lockForPurge, meansSeat, standingHolds } from './holds.ts';
import { logIdOf } from './intake.ts';
import type { LogName } from './logs.ts';
import { packEntries, unpackEntries } from './logs.ts';
import type { Policies } from './policies.ts';
import { refuseStrangeClock } from './purge-clock.ts';
import { destroyKeys, type KeysDone, noteKeys, type PurgeKeyParts, wouldDestroy } from './purge-keys.ts';
import { type LogPlan, type PlannedRange, planPurge } from './purge-plan.ts';
import { cutoffOf, type Retention, retentionOf } from './retention.ts';
import type { ServerLog } from './server-log.ts';

/** Segments rewritten in one transaction: at most 1,024 entries each. */
const SEGMENTS_AT_ONCE = 64;

export interface PurgeProgress {
  readonly workstationId: string;
  readonly entries: number;
}

export interface PurgeReport {
  readonly dryRun: boolean;
  readonly retention: Retention;
  /** What the server received before this time may go. */
  readonly cutoff: string;
  readonly logs: number;
  readonly entries: number;
  readonly ranges: readonly { readonly workstationId: string; readonly incarnation: string; readonly from: number; readonly to: number }[];
  /** Epochs that are old enough and stay, by hold. */
  readonly held: readonly { readonly hold: string; readonly reason: string; readonly epochs: number }[];
  readonly evidence: number;
  readonly keys: KeysDone;
}

export interface Purge {
  /** @throws WardlockError SERVER_PURGE_REFUSED, SERVER_PERIOD_KEY_MISSING; nothing is destroyed then */
  run(options: PurgeOptions): Promise<PurgeReport>;
}

export interface PurgeOptions {
  readonly dryRun: boolean;
  /** Who asked for it. */
  readonly by: string;
  /** A person has looked at the clock: believe it. */
  readonly clockIsRight: boolean;
  readonly onProgress?: (progress: PurgeProgress) => void;
}

interface PurgeParts extends PurgeKeyParts {
  readonly crypto: AuditCrypto;
  readonly mirror: NamedSigner;
  readonly policies: Pick<Policies, 'latest'>;
  readonly holds: Holds;
  readonly log: ServerLog;
}

export function openPurge(parts: PurgeParts): Purge {
  return { run: (options) => run(parts, options) };
}

/** Ranges named in a report; all are counted. */
const RANGES_NAMED = 1000;

async function run(parts: PurgeParts, options: PurgeOptions): Promise<PurgeReport> {
  const { db, now, periodKeys } = parts;
  const retention = await retentionOf(parts.policies);
  const cutoff = cutoffOf(now(), retention);
  await refuseStrangeClock(parts, options);
  await periodKeys.refresh();
  if (!(await periodKeys.holder())) {
    throw new WardlockError(
      'SERVER_PERIOD_KEY_MISSING',
      `Not every period key is in ${periodKeys.folder}. Purge where they lie, or name their folder with --period-keys DIR.`,
    );
  }
  const held = new Map<string, number>();
  const ranges: { workstationId: string; incarnation: string; from: number; to: number }[] = [];
  let [logs, entries] = [0, 0];
  // Holds are read again for each log: one that is placed while a purge runs keeps what is not gone yet.
  const standing = await parts.holds.list('standing');
  for await (const plan of planPurge(db, { cutoff, holds: standing })) {
    for (const [hold, epochs] of plan.held) held.set(hold, (held.get(hold) ?? 0) + epochs);
    if (plan.ranges.length === 0) continue;
    if (!options.dryRun) await purgeLog(parts, plan, { retention, by: options.by, standing });
    logs += 1;
    entries += plan.entries;
    for (const { start, end } of plan.ranges) {
      const { workstationId, incarnation } = plan;
      if (ranges.length < RANGES_NAMED) ranges.push({ workstationId, incarnation, from: start, to: end - 1 });
    }
    options.onProgress?.({ workstationId: plan.workstationId, entries });
  }
  if (!options.dryRun) await sweepIndex(db);
  const evidence = await purgeEvidence(db, { cutoff, dryRun: options.dryRun });
  const keys = options.dryRun ? await wouldDestroy(parts, cutoff) : await destroyKeys(parts, options.by);
  return {
    dryRun: options.dryRun,
    retention,
    cutoff: new Date(cutoff).toISOString(),
    logs,
    entries,
    ranges,
    held: [...held].map(([hold, epochs]) => ({ hold, epochs, reason: standing.find(({ id }) => id === hold)?.reason ?? '' })),
    evidence,
    keys,
  };
}

interface Why {
  readonly retention: Retention;
  readonly by: string;
  readonly standing: readonly Hold[];
}

async function purgeLog(parts: PurgeParts, plan: LogPlan, why: Why): Promise<void> {
  refuseNewHold(await parts.holds.list('standing'), why);
  for (const range of plan.ranges) {
    for await (const part of batches(parts.db, plan, range)) await purgeRange(parts, plan, part, why);
  }
}

/** The plan was made under the holds that stood when the purge began. */
function refuseNewHold(standing: readonly Pick<Hold, 'id'>[], why: Pick<Why, 'standing'>): void {
  if (standing.every(({ id }) => why.standing.some((hold) => hold.id === id))) return;
  throw new WardlockError(
    'SERVER_PURGE_REFUSED',
    'A legal hold was placed while the purge ran. What went before it is gone; run the purge again for the rest.',
  );
}

/** A range in pieces that one transaction rewrites, each ending where a segment does. */
async function* batches(db: Kysely<Tables>, name: LogName, range: PlannedRange): AsyncGenerator<PlannedRange> {
  let { start } = range;
  while (start < range.end) {
    const rows = await db
      .selectFrom('segments')
      .select(['start', 'count'])
      .where('workstation_id', '=', name.workstationId)
      .where('incarnation', '=', name.incarnation)
      .where('start', '>=', start)
      .where('start', '<', range.end)
      .orderBy('start')
      .limit(SEGMENTS_AT_ONCE)
      .execute();
    const last = rows.length < SEGMENTS_AT_ONCE ? undefined : rows.at(-1);
    const end = last === undefined ? range.end : Math.min(range.end, Number(last.start) + Number(last.count));
    yield { ...range, start, end };
    start = end;
  }
}

async function purgeRange(parts: PurgeParts, name: LogName, range: PlannedRange, why: Why): Promise<void> {
  const { retention, by } = why;
  const { workstationId: workstation_id, incarnation } = name;
  const { start, end } = range;
  await parts.db.transaction().execute(async (db) => {
    await lockForPurge(db);
    refuseNewHold(await standingHolds(db), why);
    await emptySegments(db, name, range);
    const within = { workstation_id, incarnation, start, end };
    await noteKeys(db, within);
    await db
      .deleteFrom('epoch_envelopes')
      .where('workstation_id', '=', workstation_id)
      .where('incarnation', '=', incarnation)
      .where('seq', '>=', start)
      .where('seq', '<', end)
      .execute();
    await forgetIndexed(db, within);
    const merged = await mergeRange(parts, db, { ...name, ...range }, retention);
    const body = {
      workstation: workstation_id,
      incarnation,
      from: start,
      to: end - 1,
      minimum: merged.start === 0 ? merged.end : 0,
      days: retention.days,
      policy: retention.policyVersion,
    };
    await parts.log.append({ type: 'record.purged', actor: by, body }, db);
  });
}

interface Indexed {
  readonly workstation_id: string;
  readonly incarnation: string;
  readonly start: number;
  readonly end: number;
}

async function forgetIndexed(db: Kysely<Tables>, { workstation_id, incarnation, start, end }: Indexed): Promise<void> {
  await db
    .deleteFrom('indexed_events')
    .where('workstation_id', '=', workstation_id)
    .where('incarnation', '=', incarnation)
    .where('seq', '>=', start)
    .where('seq', '<', end)
    .execute();
  // A session that goes on in what is kept stays in the list; what went of it is named in its story.
  await db
    .deleteFrom('indexed_sessions')
    .where('workstation_id', '=', workstation_id)
    .where('incarnation', '=', incarnation)
    .where('last_seq', '<', end)
    .where('first_seq', '>=', start)
    .execute();
}

/** A reader that had the entries in hand while an earlier purge took them may have written their rows after it. */
async function sweepIndex(db: Kysely<Tables>): Promise<void> {
  const ranges = await db.selectFrom('pruned_ranges').select(['workstation_id', 'incarnation', 'start', 'end']).execute();
  for (const range of ranges) await forgetIndexed(db, { ...range, start: Number(range.start), end: Number(range.end) });
}

/** Leaves a place for every entry, so that those after it keep theirs; the leaf hashes are not touched. */
async function emptySegments(db: Kysely<Tables>, { workstationId, incarnation }: LogName, { start, end }: PlannedRange): Promise<void> {
  const before = await db
    .selectFrom('segments')
    .select((eb) => eb.fn.max('start').as('start'))
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '=', incarnation)
    .where('start', '<=', start)
    .executeTakeFirst();
  const rows = await db
    .selectFrom('segments')
    .select(['start', 'entries'])
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '=', incarnation)
    .where('start', '>=', Number(before?.start ?? start))
    .where('start', '<', end)
    .orderBy('start')
    .execute();
  for (const row of rows) {
    const first = Number(row.start);
    const kept = unpackEntries(row.entries).map((entry, at) => (first + at >= start && first + at < end ? new Uint8Array(0) : entry));
    await db
      .updateTable('segments')
      .set({ entries: packEntries(kept) })
      .where('workstation_id', '=', workstationId)
      .where('incarnation', '=', incarnation)
      .where('start', '=', first)
      .execute();
  }
}

/** One row and one statement for neighbours: what a verifier reads is how far the log was pruned, not in how many steps. */
async function mergeRange(
  parts: PurgeParts,
  db: Kysely<Tables>,
  range: LogName & PlannedRange,
  retention: Retention,
): Promise<{ readonly start: number; readonly end: number }> {
  const { workstationId: workstation_id, incarnation } = range;
  const touching = await db
    .selectFrom('pruned_ranges')
    .selectAll()
    .where('workstation_id', '=', workstation_id)
    .where('incarnation', '=', incarnation)
    .where('start', '<=', range.end)
    .where('end', '>=', range.start)
    .execute();
  const start = Math.min(range.start, ...touching.map((row) => Number(row.start)));
  const end = Math.max(range.end, ...touching.map((row) => Number(row.end)));
  for (const row of touching) {
    await db
      .deleteFrom('pruned_ranges')
      .where('workstation_id', '=', workstation_id)
      .where('incarnation', '=', incarnation)
      .where('start', '=', row.start)
      .execute();
  }
  const pruned_at = parts.now();
  const statement = signPruneStatement(
    parts.crypto,
    { origin: logOrigin(logIdOf(range)), start, end, retentionDays: retention.days, policyVersion: retention.policyVersion },
    { mirror: parts.mirror, timeSeconds: Math.floor(pruned_at / 1000) },
  );
  const first_at = Math.min(range.firstAt, ...touching.map((row) => Number(row.first_at)));
  const last_at = Math.max(range.lastAt, ...touching.map((row) => Number(row.last_at)));
  await db
    .insertInto('pruned_ranges')
    .values({ workstation_id, incarnation, start, end, first_at, last_at, pruned_at, statement })
    .execute();
  return { start, end };
}

interface EvidenceWanted {
  readonly cutoff: number;
  readonly dryRun: boolean;
}

/** Refused uploads are kept as they came; while any hold stands that could mean their seat, they stay. */
function purgeEvidence(db: Kysely<Tables>, wanted: EvidenceWanted): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    await lockForPurge(transaction);
    return takeEvidence(transaction, wanted);
  });
}

async function takeEvidence(db: Kysely<Tables>, { cutoff, dryRun }: EvidenceWanted): Promise<number> {
  const standing = await standingHolds(db);
  const old = await db.selectFrom('evidence').select(['id', 'workstation_id']).where('at', '<', cutoff).execute();
  const held = new Set<string>();
  for (const seat of new Set(old.map(({ workstation_id }) => workstation_id))) {
    for (const hold of standing) if (await meansSeat(db, hold, seat)) held.add(seat);
  }
  const going = old.filter(({ workstation_id }) => !held.has(workstation_id));
  if (dryRun) return going.length;
  for (const { id, workstation_id } of going) {
    await db.deleteFrom('evidence').where('workstation_id', '=', workstation_id).where('id', '=', id).execute();
  }
  return going.length;
}
