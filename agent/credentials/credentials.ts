/**
 * Everything that a seat knows and does about people's credentials, put together: who comes, PINs that are changed, what is
 * told to the server and heard from it, how old all of that is. It owns no rule of its own.
 */
import type { NewsItem } from '../../contract/people.ts';
import type { SeatView } from '../../contract/seat-view.ts';
import type { Whereabouts } from '../../core/decision/rule.ts';
import { FREE_FAILURES, WAIT_CAP_MS } from '../../core/session/throttle.ts';
import type { Env, OpenSession, SeatEvent, SeatEvents, SeatRules, UsedCard, Who } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import type { SeatLog } from '../log.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { Recorder } from '../record/recorder.ts';
import { enrollingRoles, rulesOf } from '../seat/rules.ts';
import { timestamp } from '../seat/view.ts';
import { whereabouts } from '../seat/whereabouts.ts';
import type { LastLogin, SeatMemory } from '../state/memory.ts';
import { BadgeEnrolment } from './badge-enrolment.ts';
import { type StaffDirectory, standingOf } from './directory.ts';
import { CODE_GUESSES, Entrance } from './entrance.ts';
import { type Outbox, outboxFull } from './outbox.ts';
import { PeopleLink } from './people-link.ts';
import { longestSilence } from './people-pace.ts';
import type { PinCheck } from './pin.ts';
import { PinChange } from './pin-change.ts';
import { PinProof } from './pin-proof.ts';
import { StaffAge } from './staff-age.ts';

export interface CredentialPorts {
  readonly identity: SeatIdentity;
  readonly directory: StaffDirectory;
  readonly pins: PinCheck;
  readonly memory: SeatMemory;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly log: SeatLog;
  readonly sealingSeed: Uint8Array;
  readonly policy: () => PolicySnapshot | null;
  readonly trustedWallMs: () => number;
  readonly leastPinDigits: () => number;
  /** Whose session is open on the screen now; null for nobody and for a break-glass. */
  readonly present: () => string | null;
  /** The session that this seat holds, open or locked. */
  readonly heldSession: () => OpenSession | null;
  readonly dispatch: (event: SeatEvent) => void;
  readonly isClosed: () => boolean;
  readonly isOnline: () => boolean;
  /** There is something to tell the server at once. */
  readonly tell: () => void;
  /** The picture may be another one. */
  readonly changed: () => void;
}

const MINUTE_MS = 60_000;

export class Credentials {
  readonly entrance: Entrance;
  readonly people: PeopleLink;
  readonly pinChange: PinChange;
  readonly badgeEnrolment: BadgeEnrolment;
  readonly age: StaffAge;
  readonly #ports: CredentialPorts;

  constructor(ports: CredentialPorts) {
    this.#ports = ports;
    const { directory, memory, clock, policy, trustedWallMs, leastPinDigits } = ports;
    const leastDigits = (role: string): number => Math.max(this.rulesFor({ role })?.pin.minDigits ?? 0, leastPinDigits());
    this.entrance = new Entrance({ directory, memory, clock, policy, trustedWallMs, leastDigits });
    this.age = new StaffAge({ clock, memory, trustedWallMs, issuedAt: () => directory.current?.issuedAt ?? null });
    this.people = new PeopleLink({
      ...ports,
      age: this.age,
      takenElsewhere: ports.dispatch,
      onJudged: (item, refusal) => this.#judged(item, refusal),
      longestSilence: () => longestSilence(policy()?.document),
    });
    const limits = (person: string): SeatRules['pin'] | null => this.#pinRulesFor(person);
    const proof = new PinProof({ ...ports, people: this.people, limits, fact: (person) => this.people.facts[person] });
    this.pinChange = new PinChange({ ...ports, people: this.people, limits, proof });
    this.badgeEnrolment = new BadgeEnrolment({
      ...ports,
      entrance: this.entrance,
      proof,
      roles: () => enrollingRoles(policy(), this.where),
    });
  }

  /** Where and when somebody stands at the seat: what the policy's rules go by. */
  get where(): Whereabouts {
    const { directory, identity, trustedWallMs } = this.#ports;
    return whereabouts(directory.current ?? identity.enrolment, trustedWallMs());
  }

  /** The policy in force as it is here and now for this person; for null what holds for everybody. */
  rulesFor(who: Pick<Who, 'role'> | null): SeatRules | null {
    return rulesOf(this.#ports.policy(), this.where, who?.role ?? null);
  }

  /** When and where this person was signed in last, here or, as far as the server told, elsewhere. */
  lastLogin(person: string): LastLogin | null {
    const here = this.#ports.memory.lastLogin(person);
    const there = this.people.lastElsewhere(person);
    if (here === null || there === null) return here ?? there;
    return Date.parse(there.at) > Date.parse(here.at) ? there : here;
  }

  /** Those of them who may no longer use the seat: their time is over, or the site says so. */
  withoutStanding(people: readonly Who[]): readonly string[] {
    const wallMs = this.#ports.trustedWallMs();
    return people.flatMap(({ id }) => {
      const person = this.#ports.directory.person(id);
      return person !== undefined && standingOf(person, wallMs) !== 'ok' ? [id] : [];
    });
  }

  /** What the machines may know of people besides their own counts. */
  get surroundings(): Pick<Env, 'facts' | 'staff' | 'cardsInDoubt'> {
    const { memory, policy } = this.#ports;
    return { facts: this.people.facts, staff: this.age.stateUnder(policy()?.document), cardsInDoubt: memory.cardsInDoubt };
  }

  /** Which ways in without a badge the seat offers, for its screens. */
  get signIn(): SeatView['signIn'] {
    const { policy } = this.#ports;
    return {
      byName: (this.rulesFor(null)?.byName.length ?? 0) > 0,
      suggests: policy()?.document.signIn?.suggestNames ?? false,
      byCode: this.entrance.takesCodes(),
      newBadge: this.badgeEnrolment.offered,
    };
  }

  /** Whether the present person may change the PIN here, and how short it may be. */
  get pinRule(): { readonly minDigits: number } | null {
    const { directory, leastPinDigits, present } = this.#ports;
    const person = present();
    if (person === null || directory.pinOf(person) === null || directory.current?.newsKey === undefined) return null;
    return { minDigits: this.#pinRulesFor(person)?.minDigits ?? leastPinDigits() };
  }

  /** An override may ask for a longer PIN than the policy itself; a shorter one is none at this seat. */
  #pinRulesFor(person: string): SeatRules['pin'] | null {
    const pin = this.rulesFor(this.#ports.directory.person(person) ?? null)?.pin;
    return pin === undefined ? null : { ...pin, minDigits: Math.max(pin.minDigits, this.#ports.leastPinDigits()) };
  }

  /** How old the knowledge of the staff is, for the screens. */
  get staffTruth(): SeatView['truth']['staff'] {
    const { ageMs } = this.age;
    if (ageMs === null) return { state: 'none', asOf: null };
    // Whole minutes, so that the picture changes only when something did.
    const asOf = timestamp(Math.floor((this.#ports.clock.wallMs() - ageMs) / MINUTE_MS) * MINUTE_MS);
    return { state: this.age.stateUnder(this.#ports.policy()?.document), asOf };
  }

  /** Somebody tapped; a badge that nobody here has may become theirs. One that only lies on a reader, or leaves it, was not tapped. */
  tapped({ by, standing, badge }: SeatEvents['BadgeRead']): void {
    if (by === 'badge' && standing === 'unknown' && badge !== null) this.badgeEnrolment.sawUnknown(badge);
  }

  async checkPin(person: string, pin: string): Promise<boolean> {
    const right = await this.#ports.pins.isRight(this.#ports.directory.pinOf(person), pin);
    this.people.tried(person, right);
    return right;
  }

  /** Uses a card up, records that and tells the server. @throws when that can't be made durable */
  useCard({ hash, person }: UsedCard): void {
    const { memory, directory, recorder, outbox, clock, tell } = this.#ports;
    if (outbox.isFull) throw outboxFull();
    memory.useCard(hash, directory.cards);
    outbox.add({ kind: 'card', person, card: hash, at: timestamp(clock.wallMs()) });
    recorder.note({ type: 'card.used', body: { person, card: hash } });
    tell();
  }

  tick(): void {
    try {
      this.age.tick();
    } catch (failure) {
      this.#ports.log.warn('how old the staff is could not be remembered', { failure });
    }
  }

  #judged(item: NewsItem, refusal: string | null): void {
    if (item.kind === 'badge') this.badgeEnrolment.judged(item, refusal);
    if (item.kind !== 'pin' || refusal === null) return;
    const { directory, recorder, log, outbox } = this.#ports;
    log.warn('the server refused a changed PIN', { code: refusal });
    // The changes in force here began at the PIN that the server has. One of before those is undone already, or was overtaken by IT.
    const former = directory.person(item.person)?.formerPin?.salt ?? '';
    if (item.number >= outbox.lastChangeFrom(item.person, former)) directory.undoPinChange(item.person);
    recorder.note({ type: 'pin.changed', body: { person: item.person, where: 'refused' } });
  }
}

/**
 * What the seat remembered of wrong PINs and codes is gone: everybody waits the longest wait once. Gone, too, is which downtime cards were used:
 * those that wait to be told are known, and all others here are in doubt.
 */
export function startOver({
  directory,
  memory,
  outbox,
  clock,
  log,
}: Pick<CredentialPorts, 'directory' | 'memory' | 'outbox' | 'clock' | 'log'>): void {
  const waitUntilBootMs = clock.bootMs() + WAIT_CAP_MS;
  const wait = (pinId: string) => ({ pinId, failures: FREE_FAILURES, waitMs: WAIT_CAP_MS, waitUntilBootMs, bootId: clock.bootId });
  const waits = (directory.current?.persons ?? []).flatMap(({ id }) => {
    const pinId = directory.who(id)?.pinId;
    return pinId == null ? [] : [[id, wait(pinId)] as const];
  });
  const isKept = memory.startOver({
    throttles: Object.fromEntries(waits),
    codeThrottle: wait(CODE_GUESSES),
    usedCards: [...outbox.cards],
    doubt: { cards: [...directory.cards], untilReplaced: outbox.wasBroken },
  });
  if (!isKept) log.error('the waits of everybody are kept in memory only', {});
}
