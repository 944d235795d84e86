/**
 * How far the server takes a seat's word on people: for whoever may sign in there, and of the PIN that they have now. A seat
 * that was taken over says nothing of anybody else. What it says of its own people nobody can check here.
 */
import type { Kysely } from 'kysely';
import type { SeatNews } from '../../contract/people.ts';
import type { SiteKeys } from '../site/keys.ts';
import type { Tables } from '../store/schema.ts';
import { openPin } from './pins.ts';
import { peopleOfWard } from './staff.ts';

interface Ground {
  readonly db: Kysely<Tables>;
  readonly keys: SiteKeys;
}

/** People that one statement names. */
const PEOPLE_AT_ONCE = 500;

/** The same news without what this seat has no word on; items are judged one by one, and say why (`people-items.ts`). */
export async function withinItsWord(ground: Ground, wardId: string, news: SeatNews): Promise<SeatNews> {
  const { guesses, right, present } = news;
  const named = new Set([...guesses, ...right, ...(present === null ? [] : [present])].map(({ person }) => person));
  const salts = await saltsOf(ground, wardId, [...named]);
  const isTheirs = ({ person, pin }: { readonly person: string; readonly pin: string }): boolean => salts.get(person) === pin;
  return {
    ...news,
    guesses: guesses.filter(isTheirs),
    right: right.filter(isTheirs),
    present: present !== null && salts.has(present.person) ? present : null,
  };
}

/** Of those who may sign in at this ward's seats: the salt of the PIN in force, or null for none. */
async function saltsOf({ db, keys }: Ground, wardId: string, persons: readonly string[]): Promise<ReadonlyMap<string, string | null>> {
  const salts = new Map<string, string | null>();
  for (let from = 0; from < persons.length; from += PEOPLE_AT_ONCE) {
    const some = persons.slice(from, from + PEOPLE_AT_ONCE);
    const rows = await peopleOfWard(db, wardId)
      .select(['id', 'pin_box'])
      .where('id', 'in', some)
      .orderBy('id')
      .limit(PEOPLE_AT_ONCE)
      .execute();
    for (const { id, pin_box } of rows) salts.set(id, pin_box === null ? null : openPin(keys, id, pin_box).salt);
  }
  return salts;
}
