/**
 * Makes the site's authority a later certificate long before the present one ends, once for all nodes: what the database says was
 * made is what each node puts in force. Made, recorded and committed first, in force after; a node that is told late goes on with
 * the one it has, which holds for years.
 */
import type { Kysely } from 'kysely';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { authorityEnd } from '../../crypto/authority.ts';
import type { Authority } from '../site/authority.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { ServerLog } from './server-log.ts';

const DAY_MS = 86_400_000;
const MS_PER_SECOND = 1000;
const SETTING = 'authority';
/**
 * Both certificates hold for so long. A seat comes back by itself up to 820 days after it was last heard of (its certificate's 90 and
 * two years), so it always comes back to a server that it still believes.
 */
const AUTHORITY_OVERLAP_DAYS = 1095;
/** Seats that are named; the rest is counted. */
const MOST_NAMED = 50;

const Renewed = Type.Object({
  certificate: Type.String(),
  /** When the certificate before this one ends: whoever has only that must have this by then. Milliseconds since 1970, as `at`. */
  formerEnd: Type.Integer(),
  at: Type.Integer(),
});
type Renewed = Static<typeof Renewed>;

export interface AuthorityRenewalParts {
  readonly db: Kysely<Tables>;
  readonly authority: Authority;
  readonly log: ServerLog;
  readonly now: () => number;
}

/** Seats of this site that have not said that they believe the present certificate. */
export interface SeatsBehind {
  readonly count: number;
  /** At most MOST_NAMED. */
  readonly names: readonly string[];
}

/**
 * Brings this node's authority up to date: with what another node made, or with a certificate that is made now because the present
 * one ends within the overlap. Answers the last renewal, or null when there was none.
 * @throws WardlockError ENROL_AUTHORITY_FOREIGN when the database holds another authority's certificate
 */
export async function renewAuthority(parts: AuthorityRenewalParts): Promise<Renewed | null> {
  const { db, authority, now } = parts;
  const known = await lastRenewal(db);
  if (known !== null) authority.adopt(known.certificate, now());
  if (authority.end - now() > AUTHORITY_OVERLAP_DAYS * DAY_MS) return known;
  await store(parts, known, { certificate: await authority.successor(now()), formerEnd: authority.end, at: now() });
  const settled = await lastRenewal(db);
  if (settled !== null) authority.adopt(settled.certificate, now());
  return settled;
}

/** Where another node was first, its certificate stays. */
async function store({ db, log }: AuthorityRenewalParts, known: Renewed | null, made: Renewed): Promise<void> {
  const value = JSON.stringify(made);
  await db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'authority');
    const there = await lastRenewal(transaction);
    if (there?.certificate !== known?.certificate) return;
    await transaction
      .insertInto('settings')
      .values({ key: SETTING, value })
      .onConflict((c) => c.column('key').doUpdateSet({ value }))
      .execute();
    const body = { formerUntil: timeOf(made.formerEnd), until: timeOf(authorityEnd(made.certificate)) };
    await log.append({ type: 'authority.renewed', actor: 'server', body }, transaction);
  });
}

async function lastRenewal(db: Kysely<Tables>): Promise<Renewed | null> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', SETTING).executeTakeFirst();
  return row === undefined ? null : Value.Parse(Renewed, JSON.parse(row.value));
}

export interface AuthorityStatus {
  readonly until: string;
  /** Null as long as the first certificate is in force. */
  readonly renewal: { readonly at: string; readonly formerUntil: string; readonly behind: SeatsBehind } | null;
}

export async function authorityStatus({ db, authority }: Pick<AuthorityRenewalParts, 'db' | 'authority'>): Promise<AuthorityStatus> {
  const last = await lastRenewal(db);
  const renewal = last === null ? null : { at: timeOf(last.at), formerUntil: timeOf(last.formerEnd), behind: await seatsBehind(db, last) };
  return { until: timeOf(authority.end), renewal };
}

/** Who would be lost if the former certificate ended now. A seat that enrolled since was given the present one. */
async function seatsBehind(db: Kysely<Tables>, { certificate, at }: Renewed): Promise<SeatsBehind> {
  const end = Math.floor(authorityEnd(certificate) / MS_PER_SECOND);
  const behind = db
    .selectFrom('seats')
    .where('revoked_at', 'is', null)
    .where('enrolled_at', '<', at)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('seat_reports')
            .select('seat_reports.kind')
            .whereRef('seat_reports.workstation_id', '=', 'seats.workstation_id')
            .where('seat_reports.kind', '=', 'authority')
            .where('seat_reports.outcome', '=', 'applied')
            .where('seat_reports.version', '>=', end),
        ),
      ),
    );
  const counted = await behind.select((eb) => eb.fn.countAll().as('count')).executeTakeFirstOrThrow();
  const named = await behind.select('name').orderBy('name').limit(MOST_NAMED).execute();
  return { count: Number(counted.count), names: named.map(({ name }) => name) };
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}
