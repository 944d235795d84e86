/**
 * The report of the wards: counts from the index over a time, page by page along one index, so that a report of any length holds up no other
 * read. Owns what is counted; never names a person, and leaves the recording of reads to its callers.
 */
import { type Kysely, sql } from 'kysely';
import { LONGEST_REPORT_DAYS, type WardReport, type WardReportQuery } from '../../contract/ward-report.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import { indexState } from './index-state.ts';
import { COUNTED, WardTally } from './ward-tally.ts';

/** Events read at once. */
const PAGE = 1000;
const DAY_MS = 86_400_000;

export interface WardReports {
  /** @throws WardlockError SERVER_REQUEST_MALFORMED for a time that ends before it begins or is longer than a report may be */
  report(query: WardReportQuery): Promise<WardReport>;
}

export function openWardReports(db: Kysely<Tables>): WardReports {
  return { report: (query) => report(db, query) };
}

async function report(db: Kysely<Tables>, query: WardReportQuery): Promise<WardReport> {
  const [from, to] = [Date.parse(query.from), Date.parse(query.to)];
  if (to <= from || to - from > LONGEST_REPORT_DAYS * DAY_MS) {
    throw new WardlockError('SERVER_REQUEST_MALFORMED', `A report ends after it begins, and covers ${LONGEST_REPORT_DAYS} days at most.`);
  }
  const index = await indexState(db);
  const wards = await db.selectFrom('wards').select(['id', 'name']).execute();
  const seats = await db.selectFrom('seats').select(['workstation_id', 'ward_id']).execute();
  const tally = new WardTally(wards, new Map(seats.map(({ workstation_id, ward_id }) => [workstation_id, ward_id])));
  let after = { at: from, eventNo: -1 };
  for (;;) {
    const rows = await countedStatement(db, { after, to }, PAGE).execute();
    for (const row of rows) tally.take({ ...row, at: Number(row.at) });
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) break;
    after = { at: Number(last.at), eventNo: Number(last.event_no) };
  }
  return { from: query.from, to: query.to, wards: tally.figures(), index };
}

/** What is counted, oldest first; a test holds its plan on both engines. @param time up to but without `to` */
export function countedStatement(
  db: Kysely<Tables>,
  { after, to }: { readonly after: { readonly at: number; readonly eventNo: number }; readonly to: number },
  limit: number,
) {
  return (
    db
      .selectFrom('indexed_events')
      .select(['at', 'event_no', 'workstation_id', 'type', 'person_id', 'body'])
      // The index by time is closed to whoever does not say this: see store/derived.ts.
      .where('event_no', '>=', sql.lit(0))
      .where((eb) => eb(eb.refTuple('at', 'event_no'), '>', eb.tuple(after.at, after.eventNo)))
      .where('at', '<', to)
      .where('type', 'in', [...COUNTED])
      .orderBy('at')
      .orderBy('event_no')
      .limit(limit)
  );
}
