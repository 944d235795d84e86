/**
 * Which machines a name means. Names are not unique: whoever enrols a seat again gets a new workstation id under the old name, so
 * everything that asks for a seat by name means all machines that have it.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';

export interface NamedSeat {
  readonly workstationId: string;
  readonly name: string;
  readonly enrolledAt: number;
}

/** All machines of this name or workstation id, in the order in which they were enrolled. */
export async function seatsCalled(db: Kysely<Tables>, called: string): Promise<readonly NamedSeat[]> {
  const found = await db
    .selectFrom('seats')
    .select(['workstation_id', 'name', 'enrolled_at'])
    .where((eb) => eb.or([eb('name', '=', called), eb('workstation_id', '=', called)]))
    .orderBy('enrolled_at')
    .orderBy('workstation_id')
    .execute();
  return found.map((row) => ({ workstationId: row.workstation_id, name: row.name, enrolledAt: Number(row.enrolled_at) }));
}

/** Whether `seatsCalled` would find this machine now. */
export async function isCalled(db: Kysely<Tables>, workstationId: string, called: string): Promise<boolean> {
  if (workstationId === called) return true;
  const seat = await db.selectFrom('seats').select('name').where('workstation_id', '=', workstationId).executeTakeFirst();
  return seat?.name === called;
}
