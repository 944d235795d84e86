/**
 * Who stood as a witness of an emergency access, read from the index for a page of the close-out list at once. It is about those who held
 * their badge up and pressed "Witness" there, and about nobody else.
 */
import type { Kysely } from 'kysely';
import type { EmergencyRow } from '../../contract/emergencies.ts';
import type { EventType } from '../../contract/events.ts';
import type { Tables } from '../store/schema.ts';
import { LONGEST_SESSION_MS } from './index-rows.ts';

type Witness = EmergencyRow['witnesses'][number];
type Access = Pick<
  Tables['indexed_sessions'],
  'workstation_id' | 'incarnation' | 'session_id' | 'started_at' | 'ended_at' | 'first_seq' | 'last_seq'
>;

const WITNESSED: EventType = 'breakglass.witnessed';

/** Each witness of each access once, the first one first. By the name of the access: see `accessName`. */
export async function witnessesOf(db: Kysely<Tables>, accesses: readonly Access[]): Promise<ReadonlyMap<string, readonly Witness[]>> {
  const found = new Map<string, Witness[]>();
  if (accesses.length === 0) return found;
  for (const { person_id, display_name, at, ...access } of await witnessRows(db, accesses)) {
    const name = accessName(access);
    const known = found.get(name) ?? [];
    if (person_id === null || known.some(({ person }) => person === person_id)) continue;
    found.set(name, [...known, { person: person_id, personName: display_name, at: new Date(Number(at)).toISOString() }]);
  }
  return found;
}

/** Two seats may name a session alike. */
export function accessName({ workstation_id, session_id }: { workstation_id: string; session_id: string | null }): string {
  return `${workstation_id}/${session_id}`;
}

/** Each access is looked for where an index leads: in its own log by its numbers, in the seat's other logs, one of which takes it while the store can't, by its time. */
function witnessRows(db: Kysely<Tables>, accesses: readonly Access[]) {
  return db
    .selectFrom('indexed_events')
    .leftJoin('persons', 'persons.id', 'indexed_events.person_id')
    .select(['indexed_events.workstation_id', 'indexed_events.session_id', 'indexed_events.person_id', 'indexed_events.at'])
    .select('persons.display_name')
    .where('indexed_events.type', '=', WITNESSED)
    .where((eb) =>
      eb.or(
        accesses.flatMap(({ workstation_id, incarnation, session_id, started_at, ended_at, first_seq, last_seq }) => {
          const ofSeat = [eb('indexed_events.workstation_id', '=', workstation_id), eb('indexed_events.session_id', '=', session_id)];
          const until = Number(ended_at ?? Number(started_at) + LONGEST_SESSION_MS);
          return [
            eb.and([...ofSeat, eb('incarnation', '=', incarnation), eb.between('seq', Number(first_seq), Number(last_seq))]),
            eb.and([...ofSeat, eb('incarnation', '!=', incarnation), eb.between('at', Number(started_at), until)]),
          ];
        }),
      ),
    )
    .orderBy('indexed_events.at')
    .execute();
}
