/** Alarms: what a person must look at, kept until someone acknowledges it. The same standing alarm is raised once. */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { AlarmList } from '../../contract/console-api.ts';
import type { Tables } from '../store/schema.ts';

const MOST_ALARMS = 200;

export interface Alarm {
  readonly workstationId: string | null;
  readonly kind: string;
  /** A plain sentence: what was found and what to do. */
  readonly detail: string;
  readonly at: number;
}

export async function raiseAlarm(db: Kysely<Tables>, { workstationId, kind, detail, at }: Alarm): Promise<void> {
  const id = createHash('sha256')
    .update(JSON.stringify([workstationId, kind, detail]))
    .digest('hex')
    .slice(0, 32);
  await db
    .insertInto('alarms')
    .values({ id, workstation_id: workstationId, kind, detail, at, acknowledged_at: null })
    .onConflict((c) => c.column('id').doNothing())
    .execute();
}

/** What nobody has acknowledged yet, newest first. */
export async function openAlarms(db: Kysely<Tables>): Promise<AlarmList['alarms']> {
  const rows = await db
    .selectFrom('alarms')
    .leftJoin('seats', 'seats.workstation_id', 'alarms.workstation_id')
    .selectAll('alarms')
    .select('seats.name as seat_name')
    .where('acknowledged_at', 'is', null)
    .orderBy('at', 'desc')
    .limit(MOST_ALARMS)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    workstationId: row.workstation_id,
    seat: row.seat_name,
    kind: row.kind,
    detail: row.detail.slice(0, 1000),
    at: new Date(Number(row.at)).toISOString(),
  }));
}
