/**
 * What a purge would take: whole epochs that the server received before the cutoff and that no hold keeps, the last one of a log
 * only where the log has ended. It reads and judges; it destroys nothing. What can't be judged stays.
 */
import type { Kysely } from 'kysely';
import { parseHeader } from '../../core/audit/index.ts';
import type { Tables } from '../store/schema.ts';
import { type EndingLog, endedLogs } from './ended-logs.ts';
import { type Hold, holdOn } from './holds.ts';
import { type LogName, readStored } from './logs.ts';
import { prunedRanges } from './spans.ts';

export interface PlannedRange {
  readonly start: number;
  readonly end: number;
  /** What the headers of its first and last entry say. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface LogPlan extends LogName {
  readonly ranges: readonly PlannedRange[];
  readonly entries: number;
  /** Epochs old enough that stay, by the hold that keeps them. */
  readonly held: ReadonlyMap<string, number>;
}

interface PlanWanted {
  readonly cutoff: number;
  readonly holds: readonly Hold[];
}

/** One log after the other, in a fixed order; logs of which nothing goes and nothing is held are left out. */
export async function* planPurge(db: Kysely<Tables>, wanted: PlanWanted): AsyncGenerator<LogPlan> {
  const logs = await db
    .selectFrom('logs')
    .select(['workstation_id', 'incarnation', 'size', 'pinned_size'])
    .orderBy('workstation_id')
    .orderBy('incarnation')
    .execute();
  const hasEnded = endedLogs(db);
  for (const { workstation_id, incarnation, size, pinned_size } of logs) {
    const log = { workstationId: workstation_id, incarnation, size: Number(size), pinned: Number(pinned_size) };
    const plan = await planLog(db, log, { ...wanted, hasEnded });
    if (plan.ranges.length > 0 || plan.held.size > 0) yield plan;
  }
}

interface LogWanted extends PlanWanted {
  readonly hasEnded: (log: EndingLog) => Promise<boolean>;
}

async function planLog(db: Kysely<Tables>, log: EndingLog, { cutoff, holds, hasEnded }: LogWanted): Promise<LogPlan> {
  const limit = await receivedBefore(db, log, cutoff);
  const gone = await prunedRanges(db, log);
  const ranges: PlannedRange[] = [];
  const held = new Map<string, number>();
  let entries = 0;
  const minimum = gone[0]?.start === 0 ? gone[0].end : 0;
  const epochs = await epochsBetween(db, log, { minimum, limit });
  if (limit === log.size && (await hasEnded(log))) epochs.push(...(await lastEpoch(db, log)));
  for (const epoch of epochs) {
    if (gone.some(({ start, end }) => start <= epoch.start && epoch.end <= end)) continue;
    const times = await timesOf(db, log, epoch);
    const range = { ...epoch, ...times };
    const hold = await holdOn(db, holds, { ...log, ...range });
    if (hold !== null) {
      held.set(hold.id, (held.get(hold.id) ?? 0) + 1);
      continue;
    }
    entries += epoch.end - epoch.start;
    const last = ranges.at(-1);
    if (last !== undefined && last.end === range.start) {
      ranges[ranges.length - 1] = {
        ...last,
        end: range.end,
        firstAt: Math.min(last.firstAt, range.firstAt),
        lastAt: Math.max(last.lastAt, range.lastAt),
      };
    } else ranges.push(range);
  }
  return { workstationId: log.workstationId, incarnation: log.incarnation, ranges, entries, held };
}

/** Entries below this place were all received before the cutoff. */
async function receivedBefore(db: Kysely<Tables>, log: LogName & { readonly size: number }, cutoff: number): Promise<number> {
  const first = await db
    .selectFrom('segments')
    .select((eb) => eb.fn.min('start').as('start'))
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('received_at', '>=', cutoff)
    .executeTakeFirst();
  return first?.start === null || first?.start === undefined ? log.size : Number(first.start);
}

/** The epoch that nothing closed, as a list: a log without entries has none. */
async function lastEpoch(db: Kysely<Tables>, log: EndingLog): Promise<{ readonly start: number; readonly end: number }[]> {
  const kept = await db
    .selectFrom('checkpoints')
    .select((eb) => eb.fn.max('size').as('size'))
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('size', '<=', log.size)
    .executeTakeFirst();
  return kept?.size === null || kept?.size === undefined ? [] : [{ start: Number(kept.size) - 1, end: log.size }];
}

/** Closed epochs [start, end) from the first that is left, with `end` at or below the limit. The one in force has no end. */
async function epochsBetween(
  db: Kysely<Tables>,
  log: LogName,
  { minimum, limit }: { readonly minimum: number; readonly limit: number },
): Promise<{ readonly start: number; readonly end: number }[]> {
  const kept = await db
    .selectFrom('checkpoints')
    .select('size')
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('size', '>', minimum)
    .where('size', '<=', limit + 1)
    .orderBy('size')
    .execute();
  const starts = kept.map(({ size }) => Number(size) - 1);
  return starts.slice(1).map((end, at) => ({ start: starts[at] ?? 0, end }));
}

/** Of the first and the last entry that can still be read, with a seat's clock taken at its word: it only widens what a hold keeps. */
async function timesOf(db: Kysely<Tables>, log: LogName, { start, end }: { readonly start: number; readonly end: number }) {
  const walls: number[] = [];
  for (const seq of [start, end - 1]) {
    const [entry] = await readStored(db, log, { from: seq, to: seq + 1 });
    if (entry !== undefined && entry.length > 0) walls.push(Math.floor(parseHeader(entry).wallMicros / 1000));
  }
  const received = await db
    .selectFrom('segments')
    .select('received_at')
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('start', '<=', end - 1)
    .orderBy('start', 'desc')
    .limit(1)
    .executeTakeFirst();
  const arrived = Number(received?.received_at ?? 0);
  return { firstAt: Math.min(arrived, ...walls), lastAt: Math.max(arrived, ...walls) };
}
