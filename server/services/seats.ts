/** The seats of the site: what is known of each, and revocation. A revoked seat stays in the books with its record. */
import type { Kysely } from 'kysely';
import { Value } from 'typebox/value';
import type { SeatRow } from '../../contract/console-api.ts';
import { EnforcementState } from '../../contract/enforcement.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import type { Changes } from './changes.ts';
import type { Presence } from './presence.ts';
import type { ServerLog } from './server-log.ts';

export interface SeatKey {
  readonly workstationId: string;
  readonly name: string;
  /** The C2SP vkey that it was enrolled with. */
  readonly logKey: string;
}

export interface Seats {
  list(): Promise<SeatRow[]>;
  /** What verifies the logs of the seats with this name or workstation id, from outside of them. @throws WardlockError SERVER_NOT_FOUND */
  keysOf(called: string): Promise<readonly SeatKey[]>;
  /** Holds from the next request on. @throws WardlockError SERVER_NOT_FOUND */
  revoke(workstationId: string): Promise<{ readonly name: string }>;
}

interface SeatsParts {
  readonly db: Kysely<Tables>;
  readonly log: ServerLog;
  readonly changes: Changes;
  readonly presence: Presence;
  readonly now: () => number;
}

export function openSeats(parts: SeatsParts): Seats {
  return {
    list: () => list(parts),
    keysOf: (called) => keysOf(parts, called),
    revoke: (workstationId) => revoke(parts, workstationId),
  };
}

async function keysOf({ db }: SeatsParts, called: string): Promise<readonly SeatKey[]> {
  const found = await db
    .selectFrom('seats')
    .select(['workstation_id as workstationId', 'name', 'log_key as logKey'])
    .where((eb) => eb.or([eb('name', '=', called), eb('workstation_id', '=', called)]))
    .orderBy('enrolled_at')
    .execute();
  if (found.length === 0) throw new WardlockError('SERVER_NOT_FOUND', `No seat is called ${called}. See: seat list`);
  return found;
}

async function revoke({ db, log, changes, now }: SeatsParts, workstationId: string): Promise<{ readonly name: string }> {
  const seat = await db.transaction().execute(async (transaction) => {
    const found = await transaction.selectFrom('seats').select('name').where('workstation_id', '=', workstationId).executeTakeFirst();
    if (found === undefined) throw new WardlockError('SERVER_NOT_FOUND', `No seat has the id ${workstationId}. See: seat list`);
    await transaction
      .updateTable('seats')
      .set({ revoked_at: now() })
      .where('workstation_id', '=', workstationId)
      .where('revoked_at', 'is', null)
      .execute();
    await changes.bump(transaction, 'seats');
    await log.append({ type: 'seat.revoked', actor: 'cli', body: { workstation: workstationId } }, transaction);
    return found;
  });
  // A long poll of this seat that is waiting now ends too.
  changes.wake();
  return seat;
}

async function list({ db, presence }: SeatsParts): Promise<SeatRow[]> {
  const seats = await db
    .selectFrom('seats')
    .innerJoin('wards', 'wards.id', 'seats.ward_id')
    .selectAll('seats')
    .select('wards.name as ward_name')
    .orderBy('seats.name')
    .execute();
  const reports = await db.selectFrom('seat_reports').selectAll().execute();
  const logs = await db.selectFrom('logs').select(['workstation_id', 'size', 'pinned_size']).execute();
  return seats.map((seat) => {
    const own = logs.filter((log) => log.workstation_id === seat.workstation_id);
    const seen = newest(presence.lastSeen(seat.workstation_id), seat.last_seen_at);
    return {
      workstationId: seat.workstation_id,
      name: seat.name,
      ward: seat.ward_name,
      enrolledAt: new Date(Number(seat.enrolled_at)).toISOString(),
      revoked: seat.revoked_at !== null,
      lastSeenAt: seen === null ? null : new Date(seen).toISOString(),
      policy: reportOf(reports, seat.workstation_id, 'policy'),
      directory: reportOf(reports, seat.workstation_id, 'directory'),
      enforcement: enforcementOf(reports, seat.workstation_id),
      stored: own.reduce((sum, log) => sum + Number(log.size), 0),
      pinned: own.reduce((sum, log) => sum + Number(log.pinned_size), 0),
    };
  });
}

/** Another node may have written a later time than this one has heard. */
function newest(heard: number | null, written: number | null): number | null {
  return heard === null && written === null ? null : Math.max(heard ?? 0, Number(written ?? 0));
}

/** As `reports` of the seats' listener keeps it: the mode as outcome, the missing layers as a list in the message. */
function enforcementOf(reports: readonly Tables['seat_reports'][], workstationId: string): SeatRow['enforcement'] {
  const report = reports.find((row) => row.workstation_id === workstationId && row.kind === 'enforcement');
  if (report === undefined) return null;
  const missing: unknown = JSON.parse(report.message ?? '[]');
  const state = Value.Parse(EnforcementState, { mode: report.outcome, missing });
  return { ...state, at: new Date(Number(report.reported_at)).toISOString() };
}

function reportOf(reports: readonly Tables['seat_reports'][], workstationId: string, kind: string): SeatRow['policy'] {
  const report = reports.find((row) => row.workstation_id === workstationId && row.kind === kind);
  if (report === undefined) return null;
  const outcome = report.outcome === 'applied' ? 'applied' : 'refused';
  return { version: Number(report.version), outcome, code: report.code, at: new Date(Number(report.reported_at)).toISOString() };
}
