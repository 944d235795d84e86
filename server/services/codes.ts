/**
 * Temporary codes for a forgotten badge and printed downtime cards: made once, shown once, kept as keyed hashes. Every issue
 * and every withdrawal is an event of the server's log and a new version of the directory.
 */
import { createHmac, randomInt } from 'node:crypto';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { MOST_CODES, type SignInCode } from '../../contract/directory.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { SiteKeys } from '../site/keys.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { Changes } from './changes.ts';
import { scopesOf } from './scopes.ts';
import type { ServerLog } from './server-log.ts';

/** Digits of a temporary code: typed by somebody who waits, guessed at behind a growing wait. */
const CODE_DIGITS = 8;
/** Digits of a card: it lies in a drawer for months. */
const CARD_DIGITS = 12;
export const LONGEST_CODE_HOURS = 24;
export const LONGEST_CARD_DAYS = 400;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface IssuedCode {
  /** Digits; this is the only time that they exist outside of the person's hands. */
  readonly code: string;
  readonly validUntil: string;
}

export interface Codes {
  /** One code that stands for the badge of this person for some hours. @throws CREDENTIAL_PERSON_UNKNOWN, CREDENTIAL_CODES_FULL, START_USAGE */
  issue(person: string, hours: number, actor: string): Promise<IssuedCode>;
  /** Printed cards, each of which opens each seat once. @throws CREDENTIAL_PERSON_UNKNOWN, CREDENTIAL_CODES_FULL, START_USAGE */
  cards(person: string, wanted: { readonly count: number; readonly days: number }, actor: string): Promise<readonly IssuedCode[]>;
  /** Makes every code and card of this person worthless; answers how many there were. @throws CREDENTIAL_PERSON_UNKNOWN */
  withdraw(person: string, actor: string): Promise<number>;
}

interface CodesParts {
  readonly db: Kysely<Tables>;
  readonly keys: SiteKeys;
  readonly changes: Changes;
  readonly log: ServerLog;
  readonly now: () => number;
}

interface Wanted {
  readonly person: string;
  readonly kind: SignInCode['kind'];
  readonly count: number;
  readonly validUntil: number;
}

/** HMAC-SHA-256 of the word `code`, a colon and the digits: another space than badge numbers. */
export function codeHmac(badgeKey: Uint8Array, digits: string): string {
  return createHmac('sha256', badgeKey).update(`code:${digits}`).digest('hex');
}

export function openCodes(parts: CodesParts): Codes {
  const { now } = parts;
  return {
    issue: async (person, hours, actor) => {
      between('Hours', hours, LONGEST_CODE_HOURS);
      const [code] = await make(parts, { person, kind: 'code', count: 1, validUntil: now() + hours * HOUR_MS }, actor);
      if (code === undefined) throw new WardlockError('SERVER_INTERNAL');
      return code;
    },
    cards: (person, { count, days }, actor) => {
      between('Cards', count, MOST_CODES);
      between('Days', days, LONGEST_CARD_DAYS);
      return make(parts, { person, kind: 'card', count, validUntil: now() + days * DAY_MS }, actor);
    },
    withdraw: (person, actor) => withdraw(parts, person, actor),
  };
}

async function make(parts: CodesParts, wanted: Wanted, actor: string): Promise<IssuedCode[]> {
  const { db, keys, changes, log, now } = parts;
  const { person, kind, count, validUntil } = wanted;
  const at = now();
  const digits = kind === 'code' ? CODE_DIGITS : CARD_DIGITS;
  const issued = await db.transaction().execute(async (transaction) => {
    await lockInTransaction(transaction, 'staff');
    await refuseUnknown(transaction, person);
    await transaction.deleteFrom('sign_in_codes').where('person_id', '=', person).where('valid_until', '<=', at).execute();
    const valid = await transaction.selectFrom('sign_in_codes').select('code_hmac').where('person_id', '=', person).execute();
    if (valid.length + count > MOST_CODES) throw new WardlockError('CREDENTIAL_CODES_FULL');
    const codes: IssuedCode[] = [];
    while (codes.length < count) {
      const code = Array.from({ length: digits }, () => randomInt(10)).join('');
      const row = { code_hmac: codeHmac(keys.badgeKey, code), person_id: person, kind, issued_at: at, valid_until: validUntil };
      const made = await transaction
        .insertInto('sign_in_codes')
        .values(row)
        .onConflict((c) => c.doNothing())
        .executeTakeFirst();
      if (made.numInsertedOrUpdatedRows === 1n) codes.push({ code, validUntil: new Date(validUntil).toISOString() });
    }
    const version = await changes.staffMoved(transaction, await scopesOf(transaction, [person]));
    const body = { person, kind, count, validUntil: new Date(validUntil).toISOString(), version };
    await log.append({ type: 'code.issued', actor, body }, transaction);
    return codes;
  });
  changes.wake();
  return issued;
}

async function withdraw({ db, changes, log }: CodesParts, person: string, actor: string): Promise<number> {
  const gone = await db.transaction().execute(async (transaction) => {
    const { numDeletedRows } = await transaction.deleteFrom('sign_in_codes').where('person_id', '=', person).executeTakeFirst();
    if (numDeletedRows === 0n) {
      await refuseUnknown(transaction, person);
      return 0;
    }
    const version = await changes.staffMoved(transaction, await scopesOf(transaction, [person]));
    await log.append({ type: 'code.withdrawn', actor, body: { person, count: Number(numDeletedRows), version } }, transaction);
    return Number(numDeletedRows);
  });
  if (gone > 0) changes.wake();
  return gone;
}

/** A mistyped id must not read as done: somebody believes that a lost card is worthless. */
async function refuseUnknown(db: Kysely<Tables>, person: string): Promise<void> {
  const known = await db.selectFrom('persons').select('id').where('id', '=', person).executeTakeFirst();
  if (known === undefined) throw new WardlockError('CREDENTIAL_PERSON_UNKNOWN', `Nobody has the id ${person}. See: staff list`);
}

/** The codes of these people that are valid now, by person. Expired ones stay out: they need no room in any directory. */
export async function validCodes(
  db: Kysely<Tables>,
  people: SelectQueryBuilder<Tables, 'persons', { id: string }>,
  at: number,
): Promise<ReadonlyMap<string, SignInCode[]>> {
  const rows = await db
    .selectFrom('sign_in_codes')
    .selectAll()
    .where('person_id', 'in', people)
    .where('valid_until', '>', at)
    .orderBy('code_hmac')
    .execute();
  const byPerson = Map.groupBy(rows, ({ person_id }) => person_id);
  return new Map(
    [...byPerson].map(([person, codes]) => [
      person,
      codes.map(({ kind, code_hmac, valid_until }) => ({
        kind: kind === 'card' ? ('card' as const) : ('code' as const),
        hash: code_hmac,
        validUntil: new Date(valid_until).toISOString(),
      })),
    ]),
  );
}

function between(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) throw new WardlockError('START_USAGE', `${what}: from 1 to ${most}.`);
}
