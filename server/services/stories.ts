/**
 * What an auditor reads: sessions by person, seat and time, and one session's story with its holes named. It reads the
 * derived index and what is known of the log; it never shows an event that was not verified.
 */
import type { Kysely } from 'kysely';
import type { SessionList, SessionQuery, SessionRow, Story, StoryEvent, StoryGap } from '../../contract/console-api.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Tables } from '../store/schema.ts';
import { refuseBackwards } from './asked-time.ts';
import { LONGEST_SESSION_MS, UNREADABLE_ROW } from './index-rows.ts';
import { indexState } from './index-state.ts';
import { type LogName, readLog } from './logs.ts';
import { type Names, sentenceOf } from './sentences.ts';
import { prunedRanges, type Span } from './spans.ts';

const PAGE = 50;
/** Events of one story; a session of a day has a few hundred. */
const LONGEST_STORY = 5000;

export interface Stories {
  find(query: SessionQuery): Promise<SessionList>;
  /** @throws WardlockError SERVER_NOT_FOUND */
  story(workstationId: string, session: string): Promise<Story>;
}

export function openStories(db: Kysely<Tables>): Stories {
  return { find: (query) => find(db, query), story: (workstationId, session) => story(db, workstationId, session) };
}

const columns = [
  'indexed_sessions.workstation_id',
  'indexed_sessions.incarnation',
  'indexed_sessions.session_id',
  'indexed_sessions.kind',
  'indexed_sessions.person_id',
  'indexed_sessions.role',
  'indexed_sessions.started_at',
  'indexed_sessions.ended_at',
  'indexed_sessions.end_reason',
  'indexed_sessions.policy_version',
  'indexed_sessions.first_seq',
  'indexed_sessions.last_seq',
  'seats.name as seat_name',
  'persons.display_name as person_name',
] as const;

/** Sessions that touched the window, newest first. `seat` is a name or a workstation id. */
async function find(db: Kysely<Tables>, query: SessionQuery): ReturnType<Stories['find']> {
  refuseBackwards(query);
  const { person, seat, from, to, after } = query;
  let select = db
    .selectFrom('indexed_sessions')
    .innerJoin('seats', 'seats.workstation_id', 'indexed_sessions.workstation_id')
    .leftJoin('persons', 'persons.id', 'indexed_sessions.person_id')
    .select(columns)
    .orderBy('indexed_sessions.started_at', 'desc')
    .orderBy('indexed_sessions.session_id', 'desc')
    .limit(PAGE + 1);
  const [startedAt, sessionId] = (after ?? '').split('.');
  if (startedAt !== undefined && sessionId !== undefined) {
    const columns = ['indexed_sessions.started_at', 'indexed_sessions.session_id'] as const;
    select = select.where((eb) => eb(eb.refTuple(...columns), '<', eb.tuple(Number(startedAt), sessionId)));
  }
  if (person !== undefined) select = select.where('indexed_sessions.person_id', '=', person);
  if (seat !== undefined) {
    // All seats that have or had this name, so that a seat that enrolled again is found whole.
    const seats = db
      .selectFrom('seats')
      .select('workstation_id')
      .where((eb) => eb.or([eb('name', '=', seat), eb('workstation_id', '=', seat)]));
    select = select.where('indexed_sessions.workstation_id', 'in', seats);
  }
  if (to !== undefined) select = select.where('indexed_sessions.started_at', '<=', Date.parse(to));
  if (from !== undefined) {
    const since = Date.parse(from);
    select = select.where((eb) => eb.or([eb('indexed_sessions.ended_at', '>=', since), eb('indexed_sessions.ended_at', 'is', null)]));
  }
  const rows = await select.execute();
  const shown = rows.slice(0, PAGE);
  const last = shown.at(-1);
  const more = rows.length > PAGE && last !== undefined;
  const next = more ? `${Number(last.started_at)}.${last.session_id}` : null;
  return { sessions: shown.map(rowOf), more, next, index: await indexState(db) };
}

interface FoundSession {
  readonly workstation_id: string;
  readonly incarnation: string;
  readonly session_id: string;
  readonly kind: string;
  readonly person_id: string | null;
  readonly role: string | null;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly end_reason: string | null;
  readonly policy_version: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly seat_name: string;
  readonly person_name: string | null;
}

function rowOf(row: FoundSession): SessionRow {
  return {
    workstationId: row.workstation_id,
    seat: row.seat_name,
    session: row.session_id,
    kind: row.kind === 'person' ? 'person' : 'breakglass',
    person: row.person_id,
    personName: row.person_name,
    role: row.role,
    startedAt: iso(row.started_at),
    endedAt: row.ended_at === null ? null : iso(row.ended_at),
    endReason: row.end_reason,
    policyVersion: Number(row.policy_version),
  };
}

async function story(db: Kysely<Tables>, workstationId: string, session: string): Promise<Story> {
  const found = await db
    .selectFrom('indexed_sessions')
    .innerJoin('seats', 'seats.workstation_id', 'indexed_sessions.workstation_id')
    .leftJoin('persons', 'persons.id', 'indexed_sessions.person_id')
    .select(columns)
    .where('indexed_sessions.workstation_id', '=', workstationId)
    .where('indexed_sessions.session_id', '=', session)
    .executeTakeFirst();
  if (found === undefined) throw new WardlockError('SERVER_NOT_FOUND', 'There is no such session in the record.');
  const name = { workstationId, incarnation: found.incarnation };
  const log = await readLog(db, name);
  const stored = log?.state.size ?? 0;
  const open = found.ended_at === null;
  const last = open ? stored - 1 : Number(found.last_seq);
  const rows = await eventsOf(db, name, { from: Number(found.first_seq), to: last });
  const others = await eventsElsewhere(db, found);
  const names = await namesOf(db, [...rows, ...others]);
  const toEvent = (row: Tables['indexed_events']): StoryEvent => {
    const { lane, says } = sentenceOf(row.type, JSON.parse(row.body), names);
    const proof = row.type === UNREADABLE_ROW ? 'missing' : 'verified';
    return { seq: Number(row.seq), at: iso(row.at), lane, type: row.type, says, proof, body: row.body };
  };
  const events = rows.map(toEvent);
  const elsewhere = others.map(toEvent);
  const later = await successorOf(db, name);
  const gaps = [
    ...holes(events, { from: Number(found.first_seq), to: last }, await prunedRanges(db, name)),
    ...tail(events, { open, stored, pinned: log?.pinned.size ?? 0, replaced: later }),
  ];
  const receipted = rows.at(-1);
  return {
    session: rowOf(found),
    incarnation: found.incarnation,
    events: [...events, ...elsewhere].sort((a, b) => a.at.localeCompare(b.at)),
    gaps,
    policySays: policyWords(Number(found.policy_version), events),
    receipt: { size: stored, at: receipted === undefined ? null : iso(receipted.at) },
    index: await indexState(db),
  };
}

function eventsOf(db: Kysely<Tables>, { workstationId, incarnation }: LogName, range: { readonly from: number; readonly to: number }) {
  return db
    .selectFrom('indexed_events')
    .selectAll()
    .where('workstation_id', '=', workstationId)
    .where('incarnation', '=', incarnation)
    .where('seq', '>=', range.from)
    .where('seq', '<=', range.to)
    .orderBy('seq')
    .limit(LONGEST_STORY)
    .execute();
}

/** What other logs of the seat hold of this session: the emergency log takes its start or its end while the store can't. */
function eventsElsewhere(db: Kysely<Tables>, found: FoundSession) {
  return db
    .selectFrom('indexed_events')
    .selectAll()
    .where('workstation_id', '=', found.workstation_id)
    .where('at', '>=', Number(found.started_at))
    .where('at', '<=', Number(found.ended_at ?? found.started_at + LONGEST_SESSION_MS))
    .where('session_id', '=', found.session_id)
    .where('incarnation', '!=', found.incarnation)
    .orderBy('at')
    .limit(LONGEST_STORY)
    .execute();
}

/** Places within the session's range that the index has nothing for. */
function holes(
  events: readonly StoryEvent[],
  { from, to }: { readonly from: number; readonly to: number },
  pruned: readonly Span[],
): StoryGap[] {
  const gaps: StoryGap[] = [];
  let next = from;
  let after = events[0]?.at ?? iso(0);
  const shown = events.length >= LONGEST_STORY ? (events.at(-1)?.seq ?? to) : to;
  for (const event of [...events, null]) {
    const seq = event?.seq ?? shown + 1;
    if (seq > next) gaps.push(...gapsIn({ from: next, to: seq - 1, after, before: event?.at ?? null }, pruned));
    next = seq + 1;
    after = event?.at ?? after;
  }
  return gaps;
}

/** One hole, cut where retention took a part of it. */
function gapsIn(hole: Hole, pruned: readonly Span[]): StoryGap[] {
  const gaps: StoryGap[] = [];
  let { from } = hole;
  for (const { start, end } of pruned) {
    const [first, last] = [Math.max(from, start), Math.min(hole.to, end - 1)];
    if (first > last) continue;
    if (first > from) gaps.push(gap({ ...hole, from, to: first - 1 }));
    gaps.push(prunedGap({ ...hole, from: first, to: last }));
    from = last + 1;
  }
  return from > hole.to ? gaps : [...gaps, gap({ ...hole, from })];
}

type Hole = Pick<StoryGap, 'from' | 'to' | 'after' | 'before'>;

function prunedGap(hole: Hole): StoryGap {
  const range = hole.from === hole.to ? `Entry ${hole.from} was` : `Entries ${hole.from} to ${hole.to} were`;
  return {
    ...hole,
    state: 'pruned',
    says: `${range} destroyed as the policy asks, after its time. An export shows the statement that the server signed.`,
  };
}

function gap({ from, to, after, before }: Hole): StoryGap {
  const range = from === to ? `Entry ${from} is` : `Entries ${from} to ${to} are`;
  return {
    from,
    to,
    state: 'missing',
    after,
    before,
    says: `${range} not in the index. Build it again (server reindex); if the hole stays, verify the log.`,
  };
}

interface Tail {
  readonly open: boolean;
  readonly stored: number;
  readonly pinned: number;
  /** A new log of the same seat began after this one. */
  readonly replaced: boolean;
}

/** What the seat has anchored and the server does not hold yet, while the session is not seen to end. */
function tail(events: readonly StoryEvent[], { open, stored, pinned, replaced }: Tail): StoryGap[] {
  const after = events.at(-1)?.at ?? iso(0);
  if (!open || (pinned <= stored && !replaced)) return [];
  const to = Math.max(pinned, stored + 1) - 1;
  if (replaced) {
    return [
      {
        from: stored,
        to,
        state: 'missing',
        after,
        before: null,
        says: `What came from entry ${stored} on never arrived: the seat began a new log. Look at its alarms.`,
      },
    ];
  }
  const range = stored === to ? `Entry ${stored} was` : `Entries ${stored} to ${to} were`;
  return [
    {
      from: stored,
      to,
      state: 'pending',
      after,
      before: null,
      says: `${range} recorded and anchored by the seat and are still on their way.`,
    },
  ];
}

/** A later log of the same seat; a run of the emergency log takes no other's place. */
async function successorOf(db: Kysely<Tables>, { workstationId, incarnation }: LogName): Promise<boolean> {
  const logs = await db.selectFrom('logs').select(['incarnation', 'first_at']).where('workstation_id', '=', workstationId).execute();
  const own = logs.find((log) => log.incarnation === incarnation);
  const later = logs.filter((log) => own !== undefined && Number(log.first_at) > Number(own.first_at));
  if (later.length === 0) return false;
  const told = await db
    .selectFrom('indexed_events')
    .select('body')
    .where('workstation_id', '=', workstationId)
    .where('type', '=', 'recording.emergency')
    .execute();
  return later.some((log) => !told.some(({ body }) => body.includes(`"${log.incarnation}"`)));
}

function policyWords(version: number, events: readonly StoryEvent[]): string {
  const changes = events.filter(({ type }) => type === 'policy.applied').map(({ says, seq }) => `${says.slice(0, -1)} at entry ${seq}.`);
  const first =
    version === 0 ? 'The record names no policy version for this session.' : `Policy version ${version} ruled this session from its start.`;
  return [first, ...changes].join(' ').slice(0, 400);
}

async function namesOf(db: Kysely<Tables>, events: readonly Tables['indexed_events'][]): Promise<Names> {
  const ids = [...new Set(events.flatMap(({ person_id }) => (person_id === null ? [] : [person_id])))];
  const rows = ids.length === 0 ? [] : await db.selectFrom('persons').select(['id', 'display_name']).where('id', 'in', ids).execute();
  const names = new Map(rows.map((row) => [row.id, row.display_name]));
  return { person: (id) => (id === null ? 'Someone unknown' : (names.get(id) ?? id)) };
}

function iso(ms: number): string {
  return new Date(Number(ms)).toISOString();
}
