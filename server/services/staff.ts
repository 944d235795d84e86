/**
 * Persons, their badges and PINs. Badges are kept as keyed hashes only, PINs as Argon2id outputs sealed under the storage
 * key; neither is ever given back in clear. Every change makes a new version of the directory of the wards that it touches.
 */
import { createHmac } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Person, PinVerifier } from '../../contract/directory.ts';
import { MOST_PEOPLE } from '../../contract/people.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { SiteKeys } from '../site/keys.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { Changes } from './changes.ts';
import { currentPin, isPin, setPin, verifierOf } from './pins.ts';
import { raise, type Scope, scopesOf } from './scopes.ts';
import type { ServerLog } from './server-log.ts';
import type { StaffEntry } from './staff-entry.ts';
import { parseEntries } from './staff-words.ts';
import { readStaff, type WardOrEvery } from './ward-staff.ts';
import { ensureWard } from './wards.ts';

export interface StaffRow {
  readonly id: string;
  readonly displayName: string;
  readonly role: string;
  readonly badges: number;
  readonly pin: boolean;
  readonly revoked: boolean;
}

export interface Staff {
  /** Adds or replaces these persons, all or none. Without `pin` a known person keeps the one there is. */
  put(entries: readonly unknown[]): Promise<void>;
  list(): Promise<StaffRow[]>;
  /** Everyone who may sign in at a seat of this ward. */
  ofWard(wardId: string): Promise<Person[]>;
  /** Those of them who are tied to this ward; with null those who work in every ward. */
  ofScope(ward: WardOrEvery): Promise<Person[]>;
  /** The same people by their ids only. */
  idsOfWard(wardId: string): Promise<ReadonlySet<string>>;
}

interface StaffParts {
  readonly db: Kysely<Tables>;
  readonly keys: SiteKeys;
  readonly changes: Changes;
  readonly log: ServerLog;
  readonly now: () => number;
}

/** Badge numbers compare without case and hyphens. */
export function badgeHmac(badgeKey: Uint8Array, badge: string): string {
  return createHmac('sha256', badgeKey).update(badge.toUpperCase().replaceAll('-', '')).digest('hex');
}

export function openStaff({ db, keys, changes, log, now }: StaffParts): Staff {
  return {
    put: async (given) => {
      const entries = parseEntries(given);
      const pins = await Promise.all(entries.map((entry) => newPinOf(db, keys, entry)));
      await db.transaction().execute(async (transaction) => {
        await lockInTransaction(transaction, 'staff');
        const moved = new Set<Scope>();
        const joined = new Set<Scope>();
        for (const [at, entry] of entries.entries()) {
          const concerned = await putOne(transaction, keys, entry, pins[at] ?? null);
          for (const scope of concerned.moved) moved.add(scope);
          for (const scope of concerned.joined) joined.add(scope);
        }
        await raise(transaction, 'people', joined, null);
        const version = await changes.staffMoved(transaction, moved);
        await log.append({ type: 'staff.changed', actor: 'cli', body: { persons: entries.map(({ id }) => id), version } }, transaction);
      });
      changes.wake();
    },
    list: async () => {
      const rows = await db.selectFrom('persons').selectAll().orderBy('id').execute();
      const badges = await db.selectFrom('person_badges').select('person_id').execute();
      return rows.map((row) => ({
        id: row.id,
        displayName: row.display_name,
        role: row.role,
        badges: badges.filter(({ person_id }) => person_id === row.id).length,
        pin: row.pin_box !== null,
        revoked: row.revoked !== 0,
      }));
    },
    ofWard: async (wardId) => {
      const reading = { db, keys, at: now() };
      return [...(await readStaff(reading, null)), ...(await readStaff(reading, wardId))];
    },
    ofScope: (ward) => readStaff({ db, keys, at: now() }, ward),
    idsOfWard: (wardId) => idsOfWard(db, wardId),
  };
}

/** The PIN that is to be set; null where none is given, and where the one given is in force already. */
async function newPinOf(db: Kysely<Tables>, keys: SiteKeys, { id, pin }: StaffEntry): Promise<PinVerifier | null> {
  if (pin === undefined) return null;
  const current = await currentPin(db, keys, id);
  return current !== null && (await isPin(current, pin)) ? null : verifierOf(id, pin);
}

interface Concerned {
  /** The wards of before and of now; nobody where a list says again what is known. */
  readonly moved: ReadonlySet<Scope>;
  /** Where somebody known is new: those seats have not heard how often the PIN was guessed at elsewhere. */
  readonly joined: ReadonlySet<Scope>;
}

async function putOne(db: Kysely<Tables>, keys: SiteKeys, entry: StaffEntry, pin: PinVerifier | null): Promise<Concerned> {
  const before = await pictureOf(db, entry.id);
  const former = before === null ? new Set<Scope>() : await scopesOf(db, [entry.id]);
  await putPerson(db, entry);
  if (pin !== null) await setPin(db, keys, entry.id, pin);
  await putBadges(db, keys, entry);
  if (pin === null && before === (await pictureOf(db, entry.id))) return { moved: new Set(), joined: new Set() };
  const present = await scopesOf(db, [entry.id]);
  const joined = before === null ? [] : [...present].filter((scope) => !former.has(scope));
  return { moved: new Set([...former, ...present]), joined: new Set(joined) };
}

async function putPerson(db: Kysely<Tables>, entry: StaffEntry): Promise<void> {
  const values = {
    display_name: entry.displayName,
    given_name: entry.givenName,
    initials: entry.initials ?? initialsOf(entry.displayName),
    role: entry.role,
    valid_from: entry.validFrom === undefined ? null : Date.parse(entry.validFrom),
    valid_until: entry.validUntil === undefined ? null : Date.parse(entry.validUntil),
    revoked: entry.revoked === true ? 1 : 0,
  };
  await db
    .insertInto('persons')
    .values({ id: entry.id, ...values, pin_box: null })
    .onConflict((c) => c.column('id').doUpdateSet(values))
    .execute();
  await db.deleteFrom('person_wards').where('person_id', '=', entry.id).execute();
  for (const ward of entry.wards ?? []) {
    await ensureWard(db, ward, null);
    await db.insertInto('person_wards').values({ person_id: entry.id, ward_id: ward }).execute();
  }
}

async function putBadges(db: Kysely<Tables>, keys: SiteKeys, entry: StaffEntry): Promise<void> {
  await db.deleteFrom('person_badges').where('person_id', '=', entry.id).execute();
  for (const badge of new Set(entry.badges.map((number) => badgeHmac(keys.badgeKey, number)))) {
    const owner = await db.selectFrom('person_badges').select('person_id').where('badge_hmac', '=', badge).executeTakeFirst();
    if (owner !== undefined) throw new WardlockError('SERVER_BADGE_TAKEN', `A badge of ${entry.id} belongs to ${owner.person_id}.`);
    await db.insertInto('person_badges').values({ badge_hmac: badge, person_id: entry.id }).execute();
  }
}

/** Whoever works in this ward, or in every one. */
export function peopleOfWard(db: Kysely<Tables>, wardId: string) {
  return db
    .selectFrom('persons')
    .where((eb) =>
      eb.or([
        eb.not(eb.exists(eb.selectFrom('person_wards').select('ward_id').whereRef('person_wards.person_id', '=', 'persons.id'))),
        eb.exists(
          eb
            .selectFrom('person_wards')
            .select('ward_id')
            .whereRef('person_wards.person_id', '=', 'persons.id')
            .where('ward_id', '=', wardId),
        ),
      ]),
    );
}

/** For a query about few people: whether the one whom that column names is among them. Listing the staff of a site costs more than the query. */
export function inWard(db: Kysely<Tables>, wardId: string, person: `${string}.person_id`) {
  return peopleOfWard(db, wardId).select('persons.id').where('persons.id', '=', sql.ref<string>(person));
}

async function idsOfWard(db: Kysely<Tables>, wardId: string): Promise<ReadonlySet<string>> {
  const rows = await peopleOfWard(db, wardId).select('id').orderBy('id').limit(MOST_PEOPLE).execute();
  return new Set(rows.map(({ id }) => id));
}

/** What seats know of somebody, but for the PIN, as text to compare; null for nobody. */
async function pictureOf(db: Kysely<Tables>, id: string): Promise<string | null> {
  const row = await db.selectFrom('persons').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return null;
  const { pin_box: _pin, ...person } = row;
  const wards = await db.selectFrom('person_wards').select('ward_id').where('person_id', '=', id).orderBy('ward_id').execute();
  const badges = await db.selectFrom('person_badges').select('badge_hmac').where('person_id', '=', id).orderBy('badge_hmac').execute();
  return JSON.stringify([person, wards, badges]);
}

function initialsOf(name: string): string {
  const letters = name
    .split(/\s+/)
    .map((word) => word.charAt(0).toUpperCase())
    .join('');
  return letters.slice(0, 2) || '?';
}
