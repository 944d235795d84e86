/**
 * Whom a change concerns: everybody, one ward or one seat. Each has a version of its own, so that seats which a change does not
 * touch hear nothing of it. It owns the versions; what a seat is sent is made elsewhere.
 */
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { given, hotQuery } from '../store/hot-query.ts';
import type { Tables } from '../store/schema.ts';

/** `directory`: the staff that seats have. `people`: what the others know of it between two directories. */
export type ScopeTopic = 'directory' | 'people';
/** As the database names it: `*`, `ward/ID` or `seat/ID`. */
export type Scope = string;

export const EVERYBODY: Scope = '*';
export const wardScope = (wardId: string): Scope => `ward/${wardId}`;
export const seatScope = (workstationId: string): Scope => `seat/${workstationId}`;

/** People that one statement names. */
const PEOPLE_AT_ONCE = 500;
/** Wards of those people together; beyond it the change is one for everybody. */
const MOST_TIES = 5_000;

export interface SeatPlace {
  readonly workstationId: string;
  readonly wardId: string;
}

/** A mark is no number: it is another one after each change, also where the database went back to an earlier version of itself. */
export interface Marks {
  readonly everybody: string;
  readonly ward: string;
}

export interface Concerning {
  /** The newest directory that concerns the seat; 0 for none. */
  readonly directory: number;
  readonly directoryMarks: Marks;
  /** Another text whenever what the other seats know of this ward's people may be another. */
  readonly people: string;
}

/** The versions move in the caller's transaction. @param version null counts on from the one that each scope has */
export async function raise(db: Kysely<Tables>, topic: ScopeTopic, scopes: Iterable<Scope>, version: number | null): Promise<void> {
  // In one order everywhere, so that two that raise the same wards wait for each other and do not deadlock.
  for (const scope of [...new Set(scopes)].sort()) {
    const mark = randomBytes(8).toString('hex');
    await db
      .insertInto('scope_versions')
      .values({ topic, scope, version: version ?? 1, mark })
      .onConflict((c) =>
        c.columns(['topic', 'scope']).doUpdateSet((eb) => ({ version: version ?? eb('scope_versions.version', '+', 1), mark })),
      )
      .execute();
  }
}

/** Those who hear of a change of these people as they are now: of their wards, and everybody where one of them works in every ward. */
export async function scopesOf(db: Kysely<Tables>, persons: Iterable<string>): Promise<ReadonlySet<Scope>> {
  const people = [...new Set(persons)];
  const scopes = new Set<Scope>();
  for (let from = 0; from < people.length; from += PEOPLE_AT_ONCE) {
    const some = people.slice(from, from + PEOPLE_AT_ONCE);
    const rows = await db
      .selectFrom('person_wards')
      .select(['person_id', 'ward_id'])
      .where('person_id', 'in', some)
      .limit(MOST_TIES)
      .execute();
    // Whoever has no room here must not be missed: then everybody looks.
    if (rows.length === MOST_TIES) return new Set([EVERYBODY]);
    for (const { ward_id } of rows) scopes.add(wardScope(ward_id));
    const tied = new Set(rows.map(({ person_id }) => person_id));
    if (some.some((person) => !tied.has(person))) scopes.add(EVERYBODY);
  }
  return scopes;
}

/**
 * A look-up for each row: for lists of topics and scopes SQLite builds tables that it throws away, at each of ten thousand polls. That
 * takes twice as long, and what it has written to is memory that the next connection's buffer then keeps.
 */
const selectConcerning = hotQuery({ ward: given.text(), seat: given.text() }, (db, { ward, seat }) => {
  const of = (topic: ScopeTopic, scope: Scope) =>
    db.selectFrom('scope_versions').selectAll().where('topic', '=', topic).where('scope', '=', scope);
  return of('directory', EVERYBODY)
    .unionAll(of('directory', ward))
    .unionAll(of('directory', seat))
    .unionAll(of('people', EVERYBODY))
    .unionAll(of('people', ward));
});

/** What there is for this seat, in one read. */
export async function concerning(db: Kysely<Tables>, { workstationId, wardId }: SeatPlace): Promise<Concerning> {
  const ward = wardScope(wardId);
  const { rows } = await selectConcerning(db, { ward, seat: seatScope(workstationId) });
  const markOf = (topic: ScopeTopic, scope: Scope): string =>
    rows.find((row) => row.topic === topic && row.scope === scope)?.mark ?? 'none';
  return {
    directory: Math.max(0, ...rows.filter(({ topic }) => topic === 'directory').map(({ version }) => Number(version))),
    directoryMarks: { everybody: markOf('directory', EVERYBODY), ward: markOf('directory', ward) },
    people: `${markOf('people', EVERYBODY)}-${markOf('people', ward)}`,
  };
}

/** Scopes whose staff moved after this version. */
export async function movedSince(db: Kysely<Tables>, version: number): Promise<ReadonlySet<Scope>> {
  const rows = await db
    .selectFrom('scope_versions')
    .select('scope')
    .where('topic', '=', 'directory')
    .where('version', '>', version)
    .execute();
  return new Set(rows.map(({ scope }) => scope));
}
