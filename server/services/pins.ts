/**
 * PINs at the server: verifiers under the storage key, the one in force and the few before it. It never sees a PIN but when
 * IT sets one, and gives none back.
 */
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { Value } from 'typebox/value';
import { PinVerifier } from '../../contract/directory.ts';
import { PIN_HISTORY, pinWeakness } from '../../core/credentials/pin-rules.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { pinOutput, pinVerifier } from '../../crypto/pin-verifier.ts';
import type { SiteKeys } from '../site/keys.ts';
import type { Tables } from '../store/schema.ts';

/** The least that any policy may allow; what a seat takes is its policy's business. */
const LEAST_DIGITS = 4;

/** The verifier of a PIN that IT sets. @throws CREDENTIAL_PIN_WEAK */
export function verifierOf(person: string, pin: string): Promise<PinVerifier> {
  const weak = pinWeakness(pin, LEAST_DIGITS);
  if (weak !== null)
    throw new WardlockError('CREDENTIAL_PIN_WEAK', `The PIN of ${person} is too easy to guess (${weak}). Choose another one.`);
  return pinVerifier(pin);
}

export async function isPin(verifier: PinVerifier, pin: string): Promise<boolean> {
  return (await pinOutput(pin, verifier)).equals(Buffer.from(verifier.output, 'base64'));
}

/** The PIN in force; null for somebody unknown and for somebody without one. */
export async function currentPin(db: Kysely<Tables>, keys: SiteKeys, person: string): Promise<PinVerifier | null> {
  const row = await db.selectFrom('persons').select('pin_box').where('id', '=', person).executeTakeFirst();
  return row?.pin_box == null ? null : openPin(keys, person, row.pin_box);
}

/** Puts a PIN in force and remembers the one before it. The person must be there. */
export async function setPin(db: Kysely<Tables>, keys: SiteKeys, person: string, verifier: PinVerifier): Promise<void> {
  const row = await db.selectFrom('persons').select('pin_box').where('id', '=', person).executeTakeFirst();
  if (row?.pin_box != null) {
    const newest = await db
      .selectFrom('former_pins')
      .select((eb) => eb.fn.max('number').as('number'))
      .where('person_id', '=', person)
      .executeTakeFirst();
    const number = Number(newest?.number ?? 0) + 1;
    await db.insertInto('former_pins').values({ person_id: person, number, pin_box: row.pin_box }).execute();
    await db
      .deleteFrom('former_pins')
      .where('person_id', '=', person)
      .where('number', '<=', number - PIN_HISTORY)
      .execute();
  }
  await db
    .updateTable('persons')
    .set({ pin_box: sealPin(keys, person, verifier) })
    .where('id', '=', person)
    .execute();
  // What was guessed at the PIN of before says nothing about this one.
  await db.deleteFrom('seat_guesses').where('person_id', '=', person).execute();
  await db.deleteFrom('right_pins').where('person_id', '=', person).execute();
}

/** PINs that these people may not take again, sealed, newest first, by person. */
export async function formerPins(
  db: Kysely<Tables>,
  people: SelectQueryBuilder<Tables, 'persons', { id: string }>,
): Promise<ReadonlyMap<string, Tables['former_pins'][]>> {
  const rows = await db
    .selectFrom('former_pins')
    .selectAll()
    .where('person_id', 'in', people)
    .orderBy('person_id')
    .orderBy('number', 'desc')
    .execute();
  return Map.groupBy(rows, ({ person_id }) => person_id);
}

function sealPin(keys: SiteKeys, person: string, verifier: PinVerifier): Buffer {
  return keys.box.seal(`pin/${person}`, Buffer.from(JSON.stringify(verifier)));
}

export function openPin(keys: SiteKeys, id: string, sealed: Uint8Array): PinVerifier {
  const opened: unknown = JSON.parse(keys.box.open(`pin/${id}`, sealed).toString('utf8'));
  if (!Value.Check(PinVerifier, opened)) throw new WardlockError('SERVER_STAFF_MALFORMED', `The stored PIN of ${id} is not readable.`);
  return opened;
}
