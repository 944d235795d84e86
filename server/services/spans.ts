/**
 * Which entries of a seat's logs belong to a span of time. The index answers for what it holds; for what it does not hold
 * yet the headers of the entries are read, so that an export never depends on how far the index is.
 */
import type { Kysely } from 'kysely';
import { parseHeader } from '../../core/audit/index.ts';
import type { Tables } from '../store/schema.ts';
import { type LogName, readStored } from './logs.ts';

const CHUNK = 1024;

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One log of a seat and what of it lies in the time. */
export interface LogSpan extends LogName {
  /** From the first to the last entry of that time, whatever the clock did between; null where nothing is left of it. */
  readonly kept: Span | null;
  /** What was pruned of it, with the statements, in order. */
  readonly pruned: readonly (Span & { readonly statement: string })[];
}

interface Time {
  readonly from: number;
  readonly to: number;
}

/** In the order in which the logs were born; logs without anything in that time are left out. */
export async function spansOf(db: Kysely<Tables>, workstationId: string, time: Time): Promise<LogSpan[]> {
  const logs = await db
    .selectFrom('logs')
    .select(['incarnation', 'size'])
    .where('workstation_id', '=', workstationId)
    .orderBy('first_at')
    .execute();
  const spans: LogSpan[] = [];
  for (const { incarnation, size } of logs) {
    const name = { workstationId, incarnation };
    const kept = await keptSpan(db, { ...name, size: Number(size) }, time);
    const pruned = (await prunedRanges(db, name)).filter(
      (range) =>
        (kept !== null && range.start > kept.start && range.end < kept.end) || (range.first_at <= time.to && range.last_at >= time.from),
    );
    if (kept !== null || pruned.length > 0) spans.push({ ...name, kept, pruned });
  }
  return spans;
}

export async function prunedRanges(db: Kysely<Tables>, { workstationId, incarnation }: LogName) {
  const rows = await db
    .selectFrom('pruned_ranges')
    .selectAll()
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '=', incarnation)
    .orderBy('start')
    .execute();
  return rows.map((row) => ({
    start: Number(row.start),
    end: Number(row.end),
    first_at: Number(row.first_at),
    last_at: Number(row.last_at),
    statement: row.statement,
  }));
}

async function keptSpan(db: Kysely<Tables>, log: LogName & { readonly size: number }, time: Time): Promise<Span | null> {
  const indexed = await db
    .selectFrom('indexed_events')
    .select((eb) => [eb.fn.min('seq').as('first'), eb.fn.max('seq').as('last')])
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .where('at', '>=', time.from)
    .where('at', '<=', time.to)
    .executeTakeFirst();
  const cursor = await db
    .selectFrom('index_cursors')
    .select('next_seq')
    .where('workstation_id', '=', log.workstationId)
    .where('incarnation', '=', log.incarnation)
    .executeTakeFirst();
  let first = indexed?.first === null || indexed === undefined ? Number.POSITIVE_INFINITY : Number(indexed.first);
  let last = indexed?.last === null || indexed === undefined ? -1 : Number(indexed.last);
  for (let from = Number(cursor?.next_seq ?? 0); from < log.size; from += CHUNK) {
    const entries = await readStored(db, log, { from, to: Math.min(from + CHUNK, log.size) });
    for (const [at, entry] of entries.entries()) {
      if (entry.length === 0) continue;
      const wall = Math.floor(parseHeader(entry).wallMicros / 1000);
      if (wall < time.from || wall > time.to) continue;
      first = Math.min(first, from + at);
      last = Math.max(last, from + at);
    }
  }
  return last < 0 ? null : { start: first, end: last + 1 };
}
