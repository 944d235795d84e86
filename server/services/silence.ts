/**
 * Notices seats that fell silent: an enrolled seat anchors at least once a minute even when idle, so three missed anchors
 * mean an outage, a suppressed upload or a stopped recording. It tells people; it blocks nothing.
 */
import type { Kysely } from 'kysely';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';

/** The longest time between two anchors of a healthy seat. */
export const ANCHOR_INTERVAL_MS = 60_000;
export const MISSED_ANCHORS = 3;
const LOOK_MS = 30_000;

export interface SilenceWatch {
  /** Looks once; answers how many seats are silent. */
  look(): Promise<number>;
  close(): void;
}

/** @param mayLook asked before each look by itself: one process does it */
export function watchSilence(
  db: Kysely<Tables>,
  now: () => number,
  onFault: (fault: unknown) => void,
  mayLook: () => boolean,
): SilenceWatch {
  const startedAt = now();
  const look = async (): Promise<number> => {
    const limit = MISSED_ANCHORS * ANCHOR_INTERVAL_MS;
    // Seats need time to come back after this server was away.
    if (now() - startedAt < limit) return 0;
    const silent = await db
      .selectFrom('logs')
      .innerJoin('seats', 'seats.workstation_id', 'logs.workstation_id')
      .select(['seats.workstation_id', 'seats.name'])
      .select((eb) => eb.fn.max('logs.pinned_at').as('last'))
      .where('seats.revoked_at', 'is', null)
      .groupBy(['seats.workstation_id', 'seats.name'])
      .having((eb) => eb.fn.max('logs.pinned_at'), '<', now() - limit)
      .execute();
    for (const seat of silent) {
      const since = new Date(Number(seat.last)).toISOString();
      const detail = `${seat.name} has not anchored its log since ${since}: check its network, and whether its agent and syncer run.`;
      await raiseAlarm(db, { workstationId: seat.workstation_id, kind: 'SEAT_SILENT', detail, at: now() });
    }
    return silent.length;
  };
  const timer = setInterval(() => {
    if (mayLook()) look().catch(onFault);
  }, LOOK_MS);
  timer.unref();
  return { look, close: () => clearInterval(timer) };
}
