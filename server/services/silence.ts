/**
 * Notices seats that fell silent, in whole or in part: an enrolled seat anchors at least once a minute even when idle, from its
 * enrolment on, and what it anchored it also sends. It tells people; it blocks nothing.
 */
import type { Kysely } from 'kysely';
import { BACKOFF_CAP_MS } from '../../core/sync/backoff.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm, untold } from './alarms.ts';
import { CLOCKS_APART_MS, elapsedMs, isAhead } from './clocks.ts';
import { keepLooking } from './looks.ts';

/** The longest time between two anchors of a healthy seat. */
export const ANCHOR_INTERVAL_MS = 60_000;
export const MISSED_ANCHORS = 3;
const SILENT_MS = MISSED_ANCHORS * ANCHOR_INTERVAL_MS;
/** For so long a log may stand still while anchors say that there is more: a syncer that was refused waits up to half of it. */
export const ENTRIES_AWAY_MS = 2 * BACKOFF_CAP_MS;
const LOOK_MS = 30_000;
/** A clock that is set by less makes no seat that anchors look silent. */
const CLOCK_SET_MS = ANCHOR_INTERVAL_MS;

export interface SilenceWatch {
  /** Looks once; answers how many seats are silent, of one of the kinds. */
  look(): Promise<number>;
  close(): Promise<void>;
}

interface Found {
  readonly workstationId: string;
  readonly kind: 'SEAT_SILENT' | 'SEAT_ENTRIES_AWAY';
  /** The same words as long as it lasts. */
  readonly detail: string;
}

export interface SilenceParts {
  readonly db: Kysely<Tables>;
  readonly now: () => number;
  /** Goes on whatever is done to the clock of the day. */
  readonly elapsed?: () => number;
  readonly onFault: (fault: unknown) => void;
  /** Asked before each look by itself: one process does it. */
  readonly mayLook: () => boolean;
}

export function watchSilence({ db, now, elapsed = elapsedMs, onFault, mayLook }: SilenceParts): SilenceWatch {
  const settledFor = timeOfOneClock(now, elapsed);
  const away = awayLogs(db, elapsed);
  const look = async (ending?: AbortSignal): Promise<number> => {
    const late = await away();
    // Seats need time to come back after this server was away, and to anchor by a clock that was set.
    if (settledFor() < SILENT_MS) return 0;
    const found = [...(await stopped(db, now())), ...(await neverBegan(db, now())), ...late];
    for (const one of await untold(db, found)) {
      if (ending?.aborted === true) break;
      await raiseAlarm(db, { ...one, at: now() });
    }
    return new Set(found.map(({ workstationId }) => workstationId)).size;
  };
  const looks = keepLooking({ look, everyMs: LOOK_MS, mayLook, onFault });
  return { look: () => look(), close: looks.close };
}

/** For how long the clock of the day has gone on as the other one did: since the start, or since somebody set it. */
function timeOfOneClock(now: () => number, elapsed: () => number): () => number {
  let apart = now() - elapsed();
  let since = elapsed();
  return () => {
    const nowApart = now() - elapsed();
    if (Math.abs(nowApart - apart) > CLOCK_SET_MS) since = elapsed();
    apart = nowApart;
    return elapsed() - since;
  };
}

/** Seats that anchored, and not in the time that a healthy one takes; an anchor from before the clock was set back is none of now. */
async function stopped(db: Kysely<Tables>, now: number): Promise<Found[]> {
  const seats = await db
    .selectFrom('logs')
    .innerJoin('seats', 'seats.workstation_id', 'logs.workstation_id')
    .select(['seats.workstation_id', 'seats.name'])
    .select((eb) => eb.fn.max('logs.pinned_at').as('last'))
    .where('seats.revoked_at', 'is', null)
    .groupBy(['seats.workstation_id', 'seats.name'])
    .having(
      (eb) =>
        eb.fn.max(
          eb
            .case()
            .when('logs.pinned_at', '>', now + CLOCKS_APART_MS)
            .then(0)
            .else(eb.ref('logs.pinned_at'))
            .end(),
        ),
      '<',
      now - SILENT_MS,
    )
    .execute();
  return seats.map(({ workstation_id, name, last }) => ({
    workstationId: workstation_id,
    kind: 'SEAT_SILENT',
    detail: `${name} has not anchored its log since ${new Date(Number(last)).toISOString()}${isAhead(Number(last), now) ? ', by a clock that was set back after that' : ''}: check its network, and whether its agent and syncer run.`,
  }));
}

/** Seats that were enrolled long enough ago and of which no log was ever heard. Until the site has a policy there is none to hear of. */
async function neverBegan(db: Kysely<Tables>, now: number): Promise<Found[]> {
  const before = now - SILENT_MS;
  const policy = await db
    .selectFrom('policies')
    .select((eb) => eb.fn.min('published_at').as('first'))
    .executeTakeFirst();
  const first = policy?.first ?? null;
  if (first === null || (Number(first) >= before && !isAhead(Number(first), now))) return [];
  const seats = await db
    .selectFrom('seats')
    .leftJoin('logs', 'logs.workstation_id', 'seats.workstation_id')
    .select(['seats.workstation_id', 'seats.name', 'seats.enrolled_at'])
    .where('logs.workstation_id', 'is', null)
    .where('seats.revoked_at', 'is', null)
    .where((eb) => eb.or([eb('seats.enrolled_at', '<', before), eb('seats.enrolled_at', '>', now + CLOCKS_APART_MS)]))
    .execute();
  return seats.map(({ workstation_id, name, enrolled_at }) => ({
    workstationId: workstation_id,
    kind: 'SEAT_SILENT',
    detail: `${name} was enrolled at ${new Date(Number(enrolled_at)).toISOString()} and has never anchored a log: check its network, and whether it records at all.`,
  }));
}

/**
 * Logs of which more is anchored than was sent, and which have not grown for too long. For how long is counted from the first look
 * that found them so: what was sent last says nothing, a seat may have been idle for days before.
 */
function awayLogs(db: Kysely<Tables>, elapsed: () => number): () => Promise<Found[]> {
  let since = new Map<string, number>();
  return async () => {
    const logs = await db
      .selectFrom('logs')
      .innerJoin('seats', 'seats.workstation_id', 'logs.workstation_id')
      .select(['logs.workstation_id', 'logs.incarnation', 'logs.size', 'seats.name'])
      .whereRef('logs.pinned_size', '>', 'logs.size')
      .where('seats.revoked_at', 'is', null)
      .execute();
    const before = since;
    since = new Map();
    return logs.flatMap(({ workstation_id, incarnation, size, name }): Found[] => {
      const key = `${workstation_id}/${incarnation}/${size}`;
      const at = before.get(key) ?? elapsed();
      since.set(key, at);
      if (elapsed() - at <= ENTRIES_AWAY_MS) return [];
      const detail = `${name} anchors log ${incarnation}, but its entries from ${size} on do not arrive: somebody may hold them back. Check what the seat and the network say of uploads.`;
      return [{ workstationId: workstation_id, kind: 'SEAT_ENTRIES_AWAY', detail }];
    });
  };
}
