/** Which logs have more stored than the index holds. It reads nothing of what they say. */
import type { Kysely } from 'kysely';
import { given, hotQuery } from '../store/hot-query.ts';
import type { Tables } from '../store/schema.ts';
import type { LogName } from './logs.ts';

export interface Behind extends LogName {
  readonly next: number;
  readonly size: number;
  /** An alarm says why it does not go on. */
  readonly faulty: boolean;
}

/** Looks at every log of the site, in the database. */
export async function allBehind(db: Kysely<Tables>): Promise<Behind[]> {
  const rows = await db
    .selectFrom('logs')
    .leftJoin('index_cursors', (join) =>
      join.onRef('index_cursors.workstation_id', '=', 'logs.workstation_id').onRef('index_cursors.incarnation', '=', 'logs.incarnation'),
    )
    .select(['logs.workstation_id', 'logs.incarnation', 'logs.size', 'index_cursors.next_seq', 'index_cursors.fault'])
    .where((eb) => eb('logs.size', '>', eb.fn.coalesce('index_cursors.next_seq', eb.lit(0))))
    .execute();
  return rows.map((row) => behindAt({ workstationId: row.workstation_id, incarnation: row.incarnation }, row));
}

/** Those of these logs, each by its key. */
export async function behindOf(db: Kysely<Tables>, logs: readonly LogName[]): Promise<Behind[]> {
  const found: Behind[] = [];
  for (const log of logs) {
    const [row] = (await selectLog(db, log)).rows;
    const one = row === undefined ? undefined : behindAt(log, row);
    if (one !== undefined && one.next < one.size) found.push(one);
  }
  return found;
}

const selectLog = hotQuery({ workstationId: given.text(), incarnation: given.text() }, (db, { workstationId, incarnation }) =>
  db
    .selectFrom('logs')
    .leftJoin('index_cursors', (join) =>
      join.onRef('index_cursors.workstation_id', '=', 'logs.workstation_id').onRef('index_cursors.incarnation', '=', 'logs.incarnation'),
    )
    .select(['logs.size', 'index_cursors.next_seq', 'index_cursors.fault'])
    .where('logs.workstation_id', '=', workstationId)
    .where('logs.incarnation', '=', incarnation),
);

interface Row {
  readonly size: number;
  readonly next_seq: number | null;
  readonly fault: string | null;
}

function behindAt({ workstationId, incarnation }: LogName, { size, next_seq, fault }: Row): Behind {
  return { workstationId, incarnation, next: Number(next_seq ?? 0), size: Number(size), faulty: fault !== null };
}
