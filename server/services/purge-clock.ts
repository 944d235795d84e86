/**
 * Whether a purge may believe this machine's clock: time that only the clock believes in must not empty the record. The
 * server's own log is the measure. A server that goes on under a wrong clock writes wrong times into it too, so that a jump
 * between two of its rows counts as much as one between its end and now, until a person says that the clock is right.
 */
import { sql } from 'kysely';
import { WardlockError } from '../../core/errors/index.ts';
import type { PurgeKeyParts } from './purge-keys.ts';

/** Longer than any server that is in use records nothing. */
const MOST_SILENCE_MS = 180 * 86_400_000;
const CONFIRMED = 'purge.clock-confirmed';

interface Asked {
  /** A person has looked at the clock. */
  readonly clockIsRight: boolean;
  readonly dryRun: boolean;
  readonly by: string;
}

/** What a person said is remembered: it counts for all that was recorded before. @throws WardlockError SERVER_PURGE_REFUSED */
export async function refuseStrangeClock({ db, log, now }: PurgeKeyParts, { clockIsRight, dryRun, by }: Asked): Promise<void> {
  const at = now();
  const strange = await strangeness({ db }, at);
  if (strange === null) return;
  if (!clockIsRight) {
    throw new WardlockError(
      'SERVER_PURGE_REFUSED',
      `${strange} Set the clock right; if it is right, and was all the time, say so with --clock-is-right.`,
    );
  }
  if (!dryRun) await log.append({ type: CONFIRMED, actor: by, body: { clock: new Date(at).toISOString() } });
}

/** A sentence about what cannot be; null where the clock and the log agree. */
async function strangeness({ db }: Pick<PurgeKeyParts, 'db'>, at: number): Promise<string | null> {
  const confirmed = await db
    .selectFrom('server_events')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .where('type', '=', CONFIRMED)
    .executeTakeFirst();
  const from = Number(confirmed?.seq ?? 0);
  const { rows } = await sql<{ latest: number | null; widest: number | null }>`
    select max(at) as latest, max(gap) as widest
    from (select at, at - lag(at) over (order by seq) as gap from server_events where seq >= ${from}) as moments`.execute(db);
  const latest = Number(rows[0]?.latest ?? at);
  if (at < latest || at - latest > MOST_SILENCE_MS) {
    return `The clock says ${new Date(at).toISOString()}, and the last thing that this server recorded is of ${new Date(latest).toISOString()}.`;
  }
  const days = Math.floor(Number(rows[0]?.widest ?? 0) / 86_400_000);
  if (days * 86_400_000 <= MOST_SILENCE_MS) return null;
  return `The server's own log jumps ${days} days from one row to the next: it was off for so long, or the clock was or is wrong.`;
}
