/** Alarms: what a person must look at, kept until someone acknowledges it. The same standing alarm is raised once. */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';

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
