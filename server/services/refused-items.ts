/**
 * The items of each seat that were refused, by their numbers: whatever is judged is judged once, so the refusal is said again for as
 * long as the seat tells the item, whose answer may have been lost. It judges nothing.
 */
import type { Kysely } from 'kysely';
import { MOST_ITEMS, type PeopleFacts, type SeatNews } from '../../contract/people.ts';
import type { Tables } from '../store/schema.ts';

type Refused = PeopleFacts['refused'];

/** Keeps what was refused now, and answers with all of what was told that was ever refused. In the transaction of the judgement. */
export async function withFormerRefusals(
  db: Kysely<Tables>,
  workstation_id: string,
  { told, refused }: { readonly told: SeatNews['items']; readonly refused: Refused },
): Promise<Refused> {
  if (told.length === 0) return [];
  const numbers = told.map(({ number }) => number);
  if (refused.length > 0) {
    await db
      .insertInto('refused_items')
      .values(refused.map((item) => ({ workstation_id, ...item })))
      .execute();
  }
  await forgetHeard(db, workstation_id, Math.min(...numbers));
  const rows = await db
    .selectFrom('refused_items')
    .select(['number', 'code'])
    .where('workstation_id', '=', workstation_id)
    .where('number', 'in', numbers)
    .orderBy('number')
    .limit(MOST_ITEMS)
    .execute();
  return rows.map(({ number, code }) => ({ number: Number(number), code }));
}

/**
 * A seat tells the oldest first: it has heard of everything before that. Telling nothing says nothing, because such news may be old ones that
 * somebody sends again. No more are kept than a seat can tell at once, whatever numbers it makes up.
 */
async function forgetHeard(db: Kysely<Tables>, workstation_id: string, first: number): Promise<void> {
  const newest = await db
    .selectFrom('refused_items')
    .select('number')
    .where('workstation_id', '=', workstation_id)
    .orderBy('number', 'desc')
    .limit(MOST_ITEMS)
    .execute();
  const oldestKept = newest.length < MOST_ITEMS ? 0 : Number(newest.at(-1)?.number);
  await db
    .deleteFrom('refused_items')
    .where('workstation_id', '=', workstation_id)
    .where('number', '<', Math.max(first, oldestKept))
    .execute();
}
