/**
 * Staff as seats get it: everything of a person that a seat needs to let them in. Read for one scope at a time, because people who
 * work everywhere are the same for every ward. It decides nothing and hands out nothing unsealed.
 */
import type { Kysely } from 'kysely';
import type { Person } from '../../contract/directory.ts';
import type { SiteKeys } from '../site/keys.ts';
import type { Tables } from '../store/schema.ts';
import { validCodes } from './codes.ts';
import { formerPins, openPin } from './pins.ts';

/** The people of one ward alone; null for those who work in every ward. */
export type WardOrEvery = string | null;

export interface StaffReading {
  readonly db: Kysely<Tables>;
  readonly keys: SiteKeys;
  readonly at: number;
}

/** Opening their PINs takes time: after so many people others have their turn. */
const PEOPLE_IN_A_TURN = 50;

/** Whoever is tied to this ward, or to none. */
export function peopleOf(db: Kysely<Tables>, ward: WardOrEvery) {
  return db.selectFrom('persons').where((eb) => {
    const ties = eb.selectFrom('person_wards').select('ward_id').whereRef('person_wards.person_id', '=', 'persons.id');
    return ward === null ? eb.not(eb.exists(ties)) : eb.exists(ties.where('ward_id', '=', ward));
  });
}

export async function readStaff({ db, keys, at }: StaffReading, ward: WardOrEvery): Promise<Person[]> {
  const rows = await peopleOf(db, ward).selectAll().orderBy('id').execute();
  const ids = peopleOf(db, ward).select('persons.id');
  const codes = await validCodes(db, ids, at);
  const former = await formerPins(db, ids);
  const badges = Map.groupBy(
    await db.selectFrom('person_badges').selectAll().where('person_id', 'in', ids).orderBy('badge_hmac').execute(),
    ({ person_id }) => person_id,
  );
  const people: Person[] = [];
  for (const [done, row] of rows.entries()) {
    if (done > 0 && done % PEOPLE_IN_A_TURN === 0) await new Promise((next) => setImmediate(next));
    people.push({
      id: row.id,
      displayName: row.display_name,
      givenName: row.given_name,
      initials: row.initials,
      role: row.role,
      badges: (badges.get(row.id) ?? []).map(({ badge_hmac }) => badge_hmac),
      pin: row.pin_box === null ? null : openPin(keys, row.id, row.pin_box),
      formerPins: (former.get(row.id) ?? []).map(({ pin_box }) => {
        const { digits: _length, ...pin } = openPin(keys, row.id, pin_box);
        return pin;
      }),
      codes: codes.get(row.id) ?? [],
      validFrom: row.valid_from === null ? null : new Date(Number(row.valid_from)).toISOString(),
      validUntil: row.valid_until === null ? null : new Date(Number(row.valid_until)).toISOString(),
      revoked: row.revoked !== 0,
    });
  }
  return people;
}
