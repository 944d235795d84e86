/**
 * The record of sign-ins with names that have no account. Anybody can make as many as they like, and the server's log is kept for
 * ever: one row a window for all of them, on every node together, which says how many attempts there were since the row before.
 */
import type { Kysely } from 'kysely';
import type { SecretBox } from '../site/secret-box.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { ServerLog } from './server-log.ts';

export const STRANGERS_WINDOW_MS = 60_000;

interface StrangerParts {
  readonly db: Kysely<Tables>;
  readonly log: ServerLog;
  readonly box: Pick<SecretBox, 'keyedHash'>;
  readonly now: () => number;
}

/** As durable, and one transaction with a lock as long, as the row of an account that exists: the time of an answer tells nothing. */
export async function recordStranger({ db, log, box, now }: StrangerParts): Promise<void> {
  const at = now();
  // Among the names whose attempts are counted, and never the one that was unused for the longest.
  const id = box.keyedHash('strangers', '');
  await db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'throttles');
    const known = await transaction.selectFrom('throttles').select(['failures', 'locked_until']).where('id', '=', id).executeTakeFirst();
    const attempts = Number(known?.failures ?? 0) + 1;
    const until = Number(known?.locked_until ?? 0);
    // A window that ends later than any can was begun before the clock was set back.
    const isOver = until <= at || until > at + STRANGERS_WINDOW_MS;
    const values = { failures: isOver ? 0 : attempts, locked_until: isOver ? at + STRANGERS_WINDOW_MS : until, used_at: at };
    await transaction
      .insertInto('throttles')
      .values({ id, ...values })
      .onConflict((c) => c.column('id').doUpdateSet(values))
      .execute();
    if (isOver) await log.append({ type: 'account.refused', actor: 'console', body: { account: null, attempts } }, transaction);
  });
}
