/**
 * The server's side of what seats tell of people: wrong PINs are summed over all seats, the last right one is remembered,
 * and each seat hears, for its ward only, what the others know, and whether its own person came in elsewhere. It judges no sign-in; the seats do, by what they hear.
 */
import type { ExpressionBuilder, Kysely } from 'kysely';
import { Value } from 'typebox/value';
import { FACTS_INFO, FACTS_TYPE, MOST_PEOPLE, NEWS_INFO, NEWS_TYPE, type PeopleFacts, SeatNews, sealInfo } from '../../contract/people.ts';
import { MOST_WRONG_PINS } from '../../contract/scalars.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { parseVerifierKey } from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { MOST_FAILURES_IN_SUM } from '../../core/session/throttle.ts';
import { unwrap, wrap } from '../../crypto/sealed-envelope.ts';
import type { SiteKeys } from '../site/keys.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import { raiseAlarm } from './alarms.ts';
import type { Changes } from './changes.ts';
import { type LoginFacts, takeLogin } from './logins.ts';
import { type JudgedItem, takeItem } from './people-items.ts';
import { withinItsWord } from './people-word.ts';
import { withFormerRefusals } from './refused-items.ts';
import { concerning, raise, scopesOf } from './scopes.ts';
import type { ServerLog } from './server-log.ts';
import { inWard, type Staff } from './staff.ts';

export interface TellingSeat {
  readonly workstationId: string;
  readonly name: string;
  readonly wardId: string;
  /** The seat's log key in C2SP's vkey form: it signs the news. */
  readonly logKey: string;
  readonly sealingKey: Buffer;
}

export interface People {
  /** Takes a seat's news, each item once, and answers with what the other seats know. @throws CREDENTIAL_NEWS_UNREADABLE */
  exchange(seat: TellingSeat, sealed: string): Promise<string>;
}

interface PeopleParts {
  readonly db: Kysely<Tables>;
  readonly tenant: string;
  readonly keys: SiteKeys;
  readonly crypto: AuditCrypto;
  readonly staff: Staff;
  readonly changes: Changes;
  readonly log: ServerLog;
  readonly now: () => number;
}

/** A right PIN is told of for as long as any policy may let it count, in milliseconds. */
const LONGEST_GRACE_MS = 43_200_000;
/** The same PIN that is told again comes out some milliseconds apart. */
const SAME_PIN_MS = 2_000;

export function openPeople(parts: PeopleParts): People {
  return {
    exchange: async (seat, sealed) => {
      const news = await withinItsWord(parts, seat.wardId, openNews(parts, seat, sealed));
      const judged = await take(parts, seat, news);
      const login = await takeLogin(parts, seat, news.present, parts.now());
      const facts = await factsFor(parts, seat, { news, login, ...judged });
      const ends = { signer: parts.keys.directory, publicKey: seat.sealingKey };
      return wrap(parts.crypto, facts, ends, { type: FACTS_TYPE, info: sealInfo(FACTS_INFO, parts.tenant, seat.workstationId) });
    },
  };
}

function openNews({ keys, crypto, tenant }: PeopleParts, { workstationId, logKey }: TellingSeat, sealed: string): SeatNews {
  const ends = { privateKey: keys.newsSeed, signedBy: parseVerifierKey(crypto, logKey).publicKey };
  const news = unwrap(crypto, sealed, ends, { type: NEWS_TYPE, info: sealInfo(NEWS_INFO, tenant, workstationId) });
  if (!Value.Check(SeatNews, news) || news.tenant !== tenant || news.workstationId !== workstationId)
    throw new WardlockError('CREDENTIAL_NEWS_UNREADABLE');
  return news;
}

interface Judgement {
  readonly taken: number;
  readonly refused: PeopleFacts['refused'];
}

async function take(parts: PeopleParts, seat: TellingSeat, told: SeatNews): Promise<Judgement> {
  const { db, staff, changes, log, now } = parts;
  const { workstationId } = seat;
  const at = now();
  const news = await whatIsNew(db, workstationId, told, at);
  if (news === null) return { taken: await takenOf(db, workstationId), refused: [] };
  const ward = news.items.length === 0 ? new Set<string>() : await staff.idsOfWard(seat.wardId);
  const moved = new Set<string>();
  const judgement = await db.transaction().execute(async (transaction) => {
    // Counts are each seat's own rows; only items touch what others touch.
    if (news.items.length > 0) await lockInTransaction(transaction, 'staff');
    const guessed = await takeGuesses(transaction, workstationId, news.guesses, at);
    await takeRight(transaction, workstationId, news.right, at);
    const heardOf = [...guessed, ...news.right.map(({ person }) => person)];
    await raise(transaction, 'people', await scopesOf(transaction, heardOf), null);
    const before = await takenOf(transaction, workstationId);
    let taken = before;
    const refused: PeopleFacts['refused'] = [];
    const events: JudgedItem['event'][] = [];
    for (const item of news.items) {
      if (item.number <= taken) continue;
      const ground = { ...parts, db: transaction, workstationId, seatName: seat.name, ward, at };
      const { refusal, changed: isChanged, event } = await takeItem(ground, item);
      if (refusal !== null) refused.push({ number: item.number, code: refusal });
      if (isChanged) moved.add(item.person);
      taken = item.number;
      events.push(event);
    }
    if (taken !== before) {
      const row = { taken };
      await transaction
        .insertInto('seat_news')
        .values({ workstation_id: workstationId, ...row })
        .onConflict((c) => c.column('workstation_id').doUpdateSet(row))
        .execute();
    }
    await changes.staffMoved(transaction, await scopesOf(transaction, moved));
    // The log's lock comes last wherever staff changes: two that take it and a version in another order would wait for each other.
    for (const event of events) await log.append({ ...event, actor: workstationId }, transaction);
    return { taken, refused: await withFormerRefusals(transaction, workstationId, { told: news.items, refused }) };
  });
  if (moved.size > 0) changes.wake();
  return judgement;
}

/** The number of the last item that was judged. */
async function takenOf(db: Kysely<Tables>, workstationId: string): Promise<number> {
  const row = await db.selectFrom('seat_news').select('taken').where('workstation_id', '=', workstationId).executeTakeFirst();
  return Number(row?.taken ?? 0);
}

/** Most exchanges tell nothing new: null then, and nothing is written. */
async function whatIsNew(db: Kysely<Tables>, workstationId: string, news: SeatNews, at: number): Promise<SeatNews | null> {
  const people = news.right.map(({ person }) => person);
  const known = people.length === 0 ? [] : await db.selectFrom('right_pins').selectAll().where('person_id', 'in', people).execute();
  const byPerson = new Map(known.map((row) => [row.person_id, row]));
  const right = news.right.filter(({ person, agoMs }) => (byPerson.get(person)?.at ?? 0) < at - agoMs - SAME_PIN_MS);
  const rows = await guessesOf(db, workstationId);
  const stored = new Set(rows.map(({ person_id, pin_salt, failures }) => `${person_id}/${pin_salt}/${failures}`));
  const sameGuesses =
    news.guesses.length === rows.length && news.guesses.every((one) => stored.has(`${one.person}/${one.pin}/${one.failures}`));
  return sameGuesses && right.length === 0 && news.items.length === 0 ? null : { ...news, right };
}

/** What a seat told last: no more than one telling holds. */
function guessesOf(db: Kysely<Tables>, workstationId: string): Promise<Tables['seat_guesses'][]> {
  return db.selectFrom('seat_guesses').selectAll().where('workstation_id', '=', workstationId).limit(MOST_PEOPLE).execute();
}

/** The seat's counts replace what it told before; whoever is missing has none there any more. Answers of whom there is another count. */
async function takeGuesses(db: Kysely<Tables>, workstation_id: string, guesses: SeatNews['guesses'], at: number): Promise<string[]> {
  const before = await guessesOf(db, workstation_id);
  const told = new Map(guesses.map((guess) => [guess.person, guess]));
  const moved: string[] = [];
  for (const { person_id } of before) {
    if (told.has(person_id)) continue;
    await db.deleteFrom('seat_guesses').where('workstation_id', '=', workstation_id).where('person_id', '=', person_id).execute();
    moved.push(person_id);
  }
  const known = new Map(before.map((row) => [row.person_id, row]));
  for (const { person, pin, failures } of guesses) {
    const row = known.get(person);
    if (row?.pin_salt === pin && row.failures === failures) continue;
    const values = { pin_salt: pin, failures, at };
    await db
      .insertInto('seat_guesses')
      .values({ workstation_id, person_id: person, ...values })
      .onConflict((c) => c.columns(['workstation_id', 'person_id']).doUpdateSet(values))
      .execute();
    moved.push(person);
    await alarmWhenGuessed(db, { workstation_id, person, pin, at });
  }
  return moved;
}

/**
 * What seats counted since the last right PIN anywhere. A count of before it stays at its seat, where it limits further tries, and is no sign of
 * anybody guessing any more; one that a seat could tell only after it is taken for as late as it was told.
 */
function guessesInARow(db: Kysely<Tables>) {
  return db
    .selectFrom('seat_guesses')
    .leftJoin('right_pins', (join) =>
      join.onRef('right_pins.person_id', '=', 'seat_guesses.person_id').onRef('right_pins.pin_salt', '=', 'seat_guesses.pin_salt'),
    )
    .where((eb) => eb.or([eb('right_pins.at', 'is', null), eb('right_pins.at', '<=', eb.ref('seat_guesses.at'))]));
}

/** No count weighs more than any seat can have: there may be rows that were taken before they were bounded. */
function sumOfFailures(eb: ExpressionBuilder<Tables, 'seat_guesses'>) {
  const count = eb
    .case()
    .when('seat_guesses.failures', '>', MOST_WRONG_PINS)
    .then(MOST_WRONG_PINS)
    .else(eb.ref('seat_guesses.failures'))
    .end();
  return eb.fn.sum<number>(count).as('failures');
}

interface Guessed {
  readonly workstation_id: string;
  readonly person: string;
  readonly pin: string;
  readonly at: number;
}

async function alarmWhenGuessed(db: Kysely<Tables>, { workstation_id, person, pin, at }: Guessed): Promise<void> {
  const sum = await guessesInARow(db)
    .select(sumOfFailures)
    .where('seat_guesses.person_id', '=', person)
    .where('seat_guesses.pin_salt', '=', pin)
    .executeTakeFirst();
  if (Number(sum?.failures ?? 0) < MOST_FAILURES_IN_SUM) return;
  const detail = `The PIN of ${person} was typed wrongly ${MOST_FAILURES_IN_SUM} times in a row at the seats of this site together, this one among them: it is blocked everywhere until a new one is set. Ask ${person} whether it was them.`;
  await raiseAlarm(db, { workstationId: workstation_id, kind: 'PIN_GUESSED', detail, at });
}

async function takeRight(db: Kysely<Tables>, workstation_id: string, right: SeatNews['right'], now: number): Promise<void> {
  for (const { person, pin, agoMs } of right) {
    const values = { workstation_id, pin_salt: pin, at: now - agoMs };
    await db
      .insertInto('right_pins')
      .values({ person_id: person, ...values })
      .onConflict((c) => c.column('person_id').doUpdateSet(values).where('right_pins.at', '<', values.at))
      .execute();
  }
}
/** What the other seats know of the people of this seat's ward. */
async function factsFor(
  { db, tenant, now }: PeopleParts,
  { workstationId, wardId }: TellingSeat,
  { news, login, taken, refused }: Judgement & { readonly news: SeatNews; readonly login: LoginFacts },
): Promise<PeopleFacts> {
  const at = now();
  // Most failures first, and all of them before what is only a comfort: whatever there is no room for must not make guessing easier.
  const counted = await guessesInARow(db)
    .select(['seat_guesses.person_id', 'seat_guesses.pin_salt'])
    .select(sumOfFailures)
    .where('seat_guesses.workstation_id', '!=', workstationId)
    .where(({ exists }) => exists(inWard(db, wardId, 'seat_guesses.person_id')))
    .groupBy(['seat_guesses.person_id', 'seat_guesses.pin_salt'])
    .orderBy('failures', 'desc')
    .limit(MOST_PEOPLE)
    .execute();
  const rights = await db
    .selectFrom('right_pins')
    .innerJoin('seats', 'seats.workstation_id', 'right_pins.workstation_id')
    .select(['right_pins.person_id', 'right_pins.pin_salt', 'right_pins.at', 'seats.name'])
    .where('right_pins.workstation_id', '!=', workstationId)
    .where('right_pins.at', '>', at - LONGEST_GRACE_MS)
    .where(({ exists }) => exists(inWard(db, wardId, 'right_pins.person_id')))
    .orderBy('right_pins.at', 'desc')
    .limit(MOST_PEOPLE)
    .execute();
  const persons = new Map<string, PeopleFacts['persons'][number]>();
  for (const { person_id: person, pin_salt: pin, failures } of counted) {
    persons.set(`${person}/${pin}`, { person, pin, failuresElsewhere: Number(failures), right: null });
  }
  for (const { person_id: person, pin_salt: pin, at: rightAt, name } of rights) {
    const { failuresElsewhere } = persons.get(`${person}/${pin}`) ?? { failuresElsewhere: 0 };
    const right = { agoMs: Math.max(0, at - Number(rightAt)), seatName: name };
    persons.set(`${person}/${pin}`, { person, pin, failuresElsewhere, right });
  }
  return {
    schema: 'wardlock-people/1',
    tenant,
    workstationId,
    nonce: news.nonce,
    at: new Date(at).toISOString(),
    directory: (await concerning(db, { workstationId, wardId })).directory,
    taken,
    refused: [...refused],
    ...login,
    persons: [...persons.values()].slice(0, MOST_PEOPLE),
  };
}
