/**
 * Where a log of a seat gets its row: the first checkpoint or the first entries of it. One seat has a bounded number of logs,
 * since whoever took it over could begin new ones without end. It must never keep a known log from going on.
 */
import type { Kysely } from 'kysely';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import { ensureLog, type LogName } from './logs.ts';

/** A seat begins one when its store was lost, replaced or full: one a day for eleven years. */
export const MOST_LOGS_OF_A_SEAT = 4096;

/**
 * Makes the row inside the caller's transaction, if there is none.
 * @throws WardlockError INTAKE_TOO_MANY_LOGS
 */
export async function beginLog(transaction: Kysely<Tables>, name: LogName, at: number): Promise<void> {
  // Requests side by side would each count what is there before the others.
  await lockInTransaction(transaction, 'seat-logs', name.workstationId);
  const { others } = await transaction
    .selectFrom('logs')
    .select((eb) => eb.fn.countAll().as('others'))
    .where('workstation_id', '=', name.workstationId)
    .where('incarnation', '!=', name.incarnation)
    .executeTakeFirstOrThrow();
  if (Number(others) >= MOST_LOGS_OF_A_SEAT) throw new WardlockError('INTAKE_TOO_MANY_LOGS');
  await ensureLog(transaction, name, at);
}

/** A person looks at a seat that has too many logs; the alarm is no part of the work, which was rolled back. */
export async function tellingOfTooMany<T>(
  { db, now }: { readonly db: Kysely<Tables>; readonly now: () => number },
  { workstationId }: LogName,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isWardlockError(error) && error.code === 'INTAKE_TOO_MANY_LOGS') {
      const detail = `The seat has begun ${MOST_LOGS_OF_A_SEAT} logs, and no further one is taken: its store breaks again and again, or somebody else uses its keys. Look at the seat, and enrol it again.`;
      await raiseAlarm(db, { workstationId, kind: 'SEAT_LOGS_TOO_MANY', detail, at: now() });
    }
    throw error;
  }
}
