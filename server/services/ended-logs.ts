/**
 * Which logs of seats never grow again, so that retention may take their last epoch too. It judges by what is stored: a log that
 * may still go on has not ended, because what came later of its last epoch could never be read.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';
import type { LogName } from './logs.ts';

export interface EndingLog extends LogName {
  readonly size: number;
  /** How far the seat has shown that it goes. */
  readonly pinned: number;
}

interface SeatLogs {
  readonly workstationId: string;
  readonly revoked: boolean;
  /** When the last entries of each log came. */
  readonly lastAt: ReadonlyMap<string, number>;
}

/** Answers for one log after the other; those of one seat in turn are looked up once. */
export function endedLogs(db: Kysely<Tables>): (log: EndingLog) => Promise<boolean> {
  let seat: SeatLogs | null = null;
  return async (log) => {
    if (seat?.workstationId !== log.workstationId) seat = await readSeat(db, log.workstationId);
    return hasEnded(seat, log);
  };
}

function hasEnded({ revoked, lastAt }: SeatLogs, { incarnation, size, pinned }: EndingLog): boolean {
  // Nothing of a revoked seat is taken in any more.
  if (revoked) return true;
  // The seat has more of it: what is missing may still come, in the midst of an epoch.
  if (pinned > size) return false;
  const mine = lastAt.get(incarnation) ?? Number.POSITIVE_INFINITY;
  // A seat writes one log at a time. Should it come back to this one, then with a new epoch: none goes on after a minute.
  return [...lastAt].some(([other, at]) => other !== incarnation && at > mine);
}

async function readSeat(db: Kysely<Tables>, workstationId: string): Promise<SeatLogs> {
  const seat = await db.selectFrom('seats').select('revoked_at').where('workstation_id', '=', workstationId).executeTakeFirst();
  const logs = await db
    .selectFrom('logs')
    .select([
      'incarnation',
      (eb) =>
        eb
          .selectFrom('segments')
          .select('received_at')
          .whereRef('segments.workstation_id', '=', 'logs.workstation_id')
          .whereRef('segments.incarnation', '=', 'logs.incarnation')
          .orderBy('start', 'desc')
          .limit(1)
          .as('at'),
    ])
    .where('workstation_id', '=', workstationId)
    .execute();
  const lastAt = new Map(logs.flatMap(({ incarnation, at }) => (at === null ? [] : [[incarnation, Number(at)] as const])));
  return { workstationId, revoked: seat !== undefined && seat.revoked_at !== null, lastAt };
}
