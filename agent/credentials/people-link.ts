/**
 * What this seat and its server tell each other of people: it asks a question that only its own answer fits, so that the
 * syncer can neither invent an answer nor bring an old one. It keeps what the server told and decides nothing.
 */
import { randomBytes } from 'node:crypto';
import { Value } from 'typebox/value';
import {
  FACTS_INFO,
  FACTS_TYPE,
  NEWS_INFO,
  NEWS_TYPE,
  type NewsItem,
  PeopleFacts,
  type SeatNews,
  sealInfo,
} from '../../contract/people.ts';
import { MOST_WRONG_PINS } from '../../contract/scalars.ts';
import type { OpenSession, PersonFact, SeatEvents } from '../../core/session/types.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { sealTo, unwrap, wrap } from '../../crypto/sealed-envelope.ts';
import type { Clock } from '../clock.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import type { Recorder } from '../record/recorder.ts';
import type { LastLogin, SeatMemory } from '../state/memory.ts';
import type { StaffDirectory } from './directory.ts';
import type { Outbox } from './outbox.ts';
import { PeoplePace } from './people-pace.ts';
import type { StaffAge } from './staff-age.ts';

/** A right PIN is told of for as long as any policy may let it count, in milliseconds. */
const LONGEST_GRACE_MS = 43_200_000;

export interface PeopleLinkPorts {
  readonly identity: SeatIdentity;
  readonly directory: StaffDirectory;
  readonly memory: SeatMemory;
  readonly outbox: Outbox;
  readonly age: StaffAge;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly sealingSeed: Uint8Array;
  /** There is something to tell at once. */
  readonly tell: () => void;
  /** The session that this seat holds, open or locked; null when there is none. */
  readonly heldSession: () => OpenSession | null;
  readonly takenElsewhere: (event: SeatEvents['TakenElsewhere']) => void;
  /** What became of an item of the outbox. Told again after a crash, or where it threw: it must not matter that it was told before. */
  readonly onJudged: (item: NewsItem, refusal: string | null) => void;
  /** How long this seat may go without an answer while nothing happens, in milliseconds. */
  readonly longestSilence: () => number;
}

interface Question {
  readonly nonce: string;
  readonly askedBootMs: number;
  /** What it told, as text to compare. */
  readonly told: string;
  /** The number of the last item that it told, or that was ever given where it told none: nobody can have judged a later one. */
  readonly lastTold: number;
}

interface Told {
  /** Salt of the PIN that it is about. */
  readonly pin: string;
  readonly failuresElsewhere: number;
  readonly rightBootMs: number | null;
  /** Where that right PIN was. */
  readonly rightSeat: string | null;
  readonly askedBootMs: number;
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

export class PeopleLink {
  readonly #ports: PeopleLinkPorts;
  readonly #right = new Map<string, { readonly pin: string; readonly bootMs: number }>();
  /** Sessions that were at two seats at once and are in the record as such. */
  readonly #overlaps = new Set<string>();
  readonly #pace = new PeoplePace();
  #question: Question | null = null;
  #told: ReadonlyMap<string, Told>;
  #facts: { readonly revision: number; readonly byPerson: Readonly<Record<string, PersonFact>> } | null = null;
  /** The newest directory that the server told of since the agent started. */
  #newestDirectory = 0;
  #serverTime: { readonly wallMs: number; readonly askedBootMs: number } | null = null;

  constructor(ports: PeopleLinkPorts) {
    this.#ports = ports;
    // What other seats counted outlives a restart; that somebody's PIN was right there does not.
    this.#told = new Map(
      Object.entries(ports.memory.elsewhere).map(([person, { pin, failures }]) => [
        person,
        { pin, failuresElsewhere: failures, rightBootMs: null, rightSeat: null, askedBootMs: Number.NEGATIVE_INFINITY },
      ]),
    );
  }

  /** The server's time as it must be by now, from its last answer and the boot clock; 0 before any in this boot. */
  get serverWallMs(): number {
    if (this.#serverTime === null) return 0;
    return this.#serverTime.wallMs + this.#ports.clock.bootMs() - this.#serverTime.askedBootMs;
  }

  /** As the machines take it: only of the PIN that is in force here. Asked for at each step, made once for each change. */
  get facts(): Readonly<Record<string, PersonFact>> {
    const { revision } = this.#ports.directory;
    if (this.#facts?.revision !== revision) this.#facts = { revision, byPerson: this.#factsNow() };
    return this.#facts.byPerson;
  }

  #factsNow(): Readonly<Record<string, PersonFact>> {
    const { directory } = this.#ports;
    return Object.fromEntries(
      [...this.#told].flatMap(([person, { pin, rightSeat: _seat, ...fact }]) => {
        const pinId = directory.pinOf(person)?.salt === pin ? directory.who(person)?.pinId : null;
        return pinId == null ? [] : [[person, { pinId, ...fact }] as const];
      }),
    );
  }

  /** When and where this person's PIN was right at another seat, as the server told in this boot; null for nowhere. */
  lastElsewhere(person: string): LastLogin | null {
    const { clock, directory } = this.#ports;
    const { rightBootMs = null, rightSeat = null } = this.#told.get(person) ?? {};
    if (rightBootMs === null || rightSeat === null || rightSeat === directory.current?.seatName) return null;
    return { at: new Date(clock.wallMs() - clock.bootMs() + rightBootMs).toISOString(), seatName: rightSeat };
  }

  /** A PIN was tried: the server should know soon. */
  tried(person: string, right: boolean): void {
    const pin = this.#ports.directory.pinOf(person);
    if (pin === null) return;
    if (right) this.#right.set(person, { pin: pin.salt, bootMs: this.#ports.clock.bootMs() });
    else this.#right.delete(person);
    this.#ports.tell();
  }

  /** Whether the directory of this version may lack a PIN that the person changed here: not judged yet, or the server has a newer one. */
  isOnItsWay(person: string, version: number): boolean {
    return this.#ports.outbox.hasPinOf(person) || version < this.#newestDirectory;
  }

  /** The server answers again: what waits for it is told at once. */
  connected(): void {
    if (this.#ports.outbox.size > 0) this.#ports.tell();
  }

  /** Seals a PIN's verifier so that only the server can read it, however long it lies here. Null: this site takes none. */
  sealVerifier(person: string, verifier: object): { readonly enc: string; readonly ciphertext: string } | null {
    const { directory, identity } = this.#ports;
    const { newsKey, tenant } = directory.current ?? {};
    if (newsKey === undefined || tenant === undefined) return null;
    const info = sealInfo(NEWS_INFO, tenant, identity.workstationId, person);
    return sealTo(nodeCrypto, bytesOf(newsKey), Buffer.from(JSON.stringify(verifier)), info);
  }

  /**
   * Everything that is to be told now, sealed; null where nobody takes it. Each call asks anew: older answers fit no more.
   * @param always false: null also where nothing is new here and the last answer is young
   */
  news(always = true): string | null {
    const { identity, directory, outbox, clock, longestSilence } = this.#ports;
    const { newsKey } = directory.current ?? {};
    if (newsKey === undefined || identity.enrolment === null) return null;
    const { tenant, workstationId } = identity.enrolment;
    const bootMs = clock.bootMs();
    const guesses = this.#guesses();
    const right = [...this.#right].filter(([, { bootMs: at }]) => bootMs - at < LONGEST_GRACE_MS);
    const told = JSON.stringify([guesses, right, this.#held(), outbox.first.map(({ number }) => number)]);
    if (!always && !this.#pace.isDue(told, bootMs, longestSilence())) return null;
    const lastTold = outbox.first.at(-1)?.number ?? outbox.lastGiven;
    this.#question = { nonce: randomBytes(16).toString('hex'), askedBootMs: bootMs, told, lastTold };
    const news: SeatNews = {
      schema: 'wardlock-seat-news/1',
      tenant,
      workstationId,
      nonce: this.#question.nonce,
      guesses,
      right: right.map(([person, { pin, bootMs: at }]) => ({ person, pin, agoMs: bootMs - at })),
      present: this.#present(bootMs),
      items: [...outbox.first],
    };
    const ends = { signer: identity.signer, publicKey: bytesOf(newsKey) };
    return wrap(nodeCrypto, news, ends, { type: NEWS_TYPE, info: sealInfo(NEWS_INFO, tenant, workstationId) });
  }

  /** Takes the answer to the last question. What is not that answer changes nothing and is an incident. */
  take(sealed: string): { readonly taken: boolean; readonly more: boolean } {
    const { identity, outbox, recorder, directory, age, memory } = this.#ports;
    const question = this.#question;
    const facts = this.#open(sealed);
    if (facts === null || question === null || facts.nonce !== question.nonce) {
      recorder.note({ type: 'sync.incident', body: { code: 'CREDENTIAL_FACTS_REFUSED' } });
      return { taken: false, more: false };
    }
    this.#question = null;
    if (identity.enrolment === null) return { taken: false, more: false };
    this.#serverTime = { wallMs: Date.parse(facts.at), askedBootMs: question.askedBootMs };
    this.#newestDirectory = Math.max(this.#newestDirectory, facts.directory);
    if (facts.directory <= directory.version) {
      age.confirmed(Date.parse(facts.at), question.askedBootMs);
      memory.endDoubt();
    }
    this.#learn(facts, question.askedBootMs);
    this.#movedAway(facts, question.askedBootMs);
    const isJudged = this.#judge(facts, question.lastTold);
    // Where that failed, the question counts as unanswered and is asked again soon.
    this.#pace.answered(question.told, question.askedBootMs);
    return { taken: true, more: isJudged && outbox.size > 0 };
  }

  /** What came of each item is done here before the item goes: the server repeats its word for as long as the item is told. */
  #judge({ taken, refused }: PeopleFacts, lastTold: number): boolean {
    const { outbox, onJudged, recorder } = this.#ports;
    if (taken > lastTold) {
      // It has seen another life of this seat, or says what is not so. Either way nothing that waits was judged: it is told again, as new.
      outbox.renumber(taken);
      recorder.note({ type: 'sync.incident', body: { code: 'CREDENTIAL_NEWS_NOT_TOLD' } });
      return false;
    }
    for (const item of outbox.first.filter(({ number }) => number <= taken)) {
      onJudged(item, refused.find(({ number }) => number === item.number)?.code ?? null);
      outbox.taken(item.number);
    }
    return true;
  }

  #learn(facts: PeopleFacts, askedBootMs: number): void {
    this.#facts = null;
    this.#told = new Map(
      facts.persons.map(({ person, pin, failuresElsewhere, right }) => [
        person,
        // The answer was made after the question: a PIN is taken for as old as it can be.
        {
          pin,
          failuresElsewhere,
          rightBootMs: right === null ? null : askedBootMs - right.agoMs,
          rightSeat: right?.seatName ?? null,
          askedBootMs,
        },
      ]),
    );
    const counted = facts.persons.filter(({ failuresElsewhere }) => failuresElsewhere > 0);
    this.#ports.memory.setElsewhere(
      Object.fromEntries(counted.map(({ person, pin, failuresElsewhere }) => [person, { pin, failures: failuresElsewhere }])),
    );
  }

  #present(bootMs: number): SeatNews['present'] {
    const held = this.#held();
    if (held === null) return null;
    const { loginBootMs, ...present } = held;
    return { ...present, agoMs: Math.max(0, bootMs - loginBootMs) };
  }

  /** The session of a person that this seat holds, as it is told of. */
  #held(): { readonly person: string; readonly session: string; readonly loginBootMs: number; readonly moved: boolean } | null {
    const held = this.#ports.heldSession();
    if (held === null || held.kind !== 'person' || held.who === null) return null;
    return { person: held.who.id, session: held.id, loginBootMs: held.loginBootMs, moved: held.elsewhere !== null };
  }

  /** One person, one seat: the session here gives way to the later one; where both went on at once, each seat writes that once. */
  #movedAway({ elsewhere, overlapped }: PeopleFacts, askedBootMs: number): void {
    const { takenElsewhere, heldSession } = this.#ports;
    const held = heldSession();
    if (elsewhere !== null && held?.id === elsewhere.session && held.who !== null) {
      const { session, seatName, agoMs } = elsewhere;
      if (elsewhere.overlapped) this.#overlap({ session, person: held.who.id, seat: seatName, later: false });
      takenElsewhere({ type: 'TakenElsewhere', session, seatName, sinceBootMs: askedBootMs - agoMs });
    }
    for (const { session, person, seatName } of overlapped) this.#overlap({ session, person, seat: seatName, later: true });
  }

  #overlap(body: { session: string; person: string; seat: string; later: boolean }): void {
    if (this.#overlaps.has(body.session)) return;
    this.#overlaps.add(body.session);
    this.#ports.recorder.note({ type: 'session.overlapped', body });
  }

  #guesses(): SeatNews['guesses'] {
    const { memory, directory } = this.#ports;
    return Object.entries(memory.throttles).flatMap(([person, { pinId, failures }]) => {
      const pin = directory.pinOf(person);
      return pin !== null && failures > 0 && directory.who(person)?.pinId === pinId
        ? [{ person, pin: pin.salt, failures: Math.min(failures, MOST_WRONG_PINS) }]
        : [];
    });
  }

  #open(sealed: string): PeopleFacts | null {
    const { identity, sealingSeed } = this.#ports;
    if (identity.enrolment === null) return null;
    const { tenant, workstationId, directoryKey } = identity.enrolment;
    const ends = { privateKey: sealingSeed, signedBy: bytesOf(directoryKey) };
    const facts = unwrap(nodeCrypto, sealed, ends, { type: FACTS_TYPE, info: sealInfo(FACTS_INFO, tenant, workstationId) });
    if (!Value.Check(PeopleFacts, facts) || facts.tenant !== tenant || facts.workstationId !== workstationId) return null;
    return facts;
  }
}
