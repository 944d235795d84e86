/**
 * A person changes the PIN at the seat: the old one is checked and counts as a guess, the new one is judged, the change is
 * recorded, then in force here at once and on its way to the server. Nothing of either PIN is kept or told.
 */
import type { Params, Result } from '../../contract/boundary.ts';
import type { UiBoundary } from '../../contract/ui.ts';
import { pinWeakness } from '../../core/credentials/pin-rules.ts';
import { failuresElsewhere } from '../../core/session/moves.ts';
import { charge, type GuessLimits, mayGuess } from '../../core/session/throttle.ts';
import type { PersonFact, SeatEvent } from '../../core/session/types.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
import type { Clock } from '../clock.ts';
import type { Recorder } from '../record/recorder.ts';
import type { SeatMemory } from '../state/memory.ts';
import type { StaffDirectory } from './directory.ts';
import type { Outbox } from './outbox.ts';
import type { PeopleLink } from './people-link.ts';
import type { PinCheck } from './pin.ts';

type Wish = Params<UiBoundary, 'changePin'>;
export type PinChangeOutcome = Result<UiBoundary, 'changePin'>;

export interface PinChangePorts {
  readonly directory: StaffDirectory;
  readonly pins: PinCheck;
  readonly memory: SeatMemory;
  readonly outbox: Outbox;
  readonly people: PeopleLink;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** Null without a policy. */
  readonly limits: () => (GuessLimits & { readonly minDigits: number }) | null;
  readonly fact: (person: string) => PersonFact | undefined;
  /** Whose session is open on the screen now; null for nobody and for a break-glass. */
  readonly present: () => string | null;
  readonly dispatch: (event: SeatEvent) => void;
}

const refused = (why: Exclude<PinChangeOutcome['outcome'], 'changed'>, triesLeft = 0, waitMs = 0): PinChangeOutcome => ({
  outcome: why,
  triesLeft,
  waitMs,
});

export class PinChange {
  readonly #ports: PinChangePorts;
  #running = false;

  constructor(ports: PinChangePorts) {
    this.#ports = ports;
  }

  async change(wish: Wish): Promise<PinChangeOutcome> {
    // One at a time: each guess must be charged before the next is looked at.
    if (this.#running) return refused('notNow');
    this.#running = true;
    try {
      return await this.#change(wish);
    } finally {
      this.#running = false;
    }
  }

  async #change({ old, next }: Wish): Promise<PinChangeOutcome> {
    const { directory, pins, limits: rules, present } = this.#ports;
    const person = present();
    const limits = rules();
    const pin = person === null ? null : directory.pinOf(person);
    if (person === null || pin === null || limits === null || directory.current?.newsKey === undefined) return refused('notNow');
    const weak = pinWeakness(next, limits.minDigits);
    if (weak !== null) return refused(weak);
    const guess = await this.#guess(person, old, limits);
    if (guess !== null) return guess;
    if (await this.#hadBefore(person, next)) return refused('used');
    const verifier = await pinVerifier(next);
    // Whoever left, or whose PIN was set anew meanwhile, changes nothing.
    if (present() !== person || directory.pinOf(person)?.salt !== pin.salt) return refused('notNow');
    await this.#apply(person, pin.salt, { verifier, kept: pins.keep(verifier) });
    return { outcome: 'changed', triesLeft: limits.maxFailures, waitMs: 0 };
  }

  /** Null when the old PIN is right. The charge is durable before it is looked at. */
  async #guess(person: string, old: string, limits: GuessLimits): Promise<PinChangeOutcome | null> {
    const { directory, pins, memory, clock, recorder, people, dispatch, fact } = this.#ports;
    const pinId = directory.who(person)?.pinId;
    if (pinId == null) return refused('notNow');
    const now = { bootMs: clock.bootMs(), bootId: clock.bootId };
    const elsewhere = failuresElsewhere(fact(person), pinId);
    const judge = () => mayGuess(memory.throttles[person], pinId, { ...limits, elsewhere }, clock.bootMs());
    const verdict = judge();
    if (!verdict.may) return verdict.why === 'wait' ? refused('wait', verdict.triesLeft, verdict.waitMs) : refused('blocked');
    const charged = charge(memory.throttles[person], pinId, limits, now);
    memory.setThrottle(person, charged);
    dispatch({ type: 'GuessCharged', person, throttle: charged });
    const right = await pins.isRight(directory.pinOf(person), old);
    people.tried(person, right);
    if (right) {
      memory.setThrottle(person, null);
      dispatch({ type: 'GuessCharged', person, throttle: null });
      return null;
    }
    const { triesLeft } = judge();
    recorder.note({ type: 'auth.refused', body: { person, reason: 'pin.wrong', triesLeft, badge: null } });
    return refused('wrong', triesLeft);
  }

  async #hadBefore(person: string, next: string): Promise<boolean> {
    const { directory, pins } = this.#ports;
    for (const former of [directory.pinOf(person), ...(directory.person(person)?.formerPins ?? [])]) {
      if (former !== null && (await pins.isRight(former, next))) return true;
    }
    return false;
  }

  /** Recorded first, then kept for the server, then in force: a crash between leaves the old PIN or one that the server hears of. */
  async #apply(
    person: string,
    former: string,
    { verifier, kept }: { readonly verifier: Awaited<ReturnType<typeof pinVerifier>>; readonly kept: ReturnType<PinCheck['keep']> },
  ): Promise<void> {
    const { directory, outbox, people, recorder } = this.#ports;
    const sealed = people.sealVerifier(person, verifier);
    if (sealed === null) return;
    await recorder.append({ type: 'pin.changed', body: { person, where: 'seat' } });
    outbox.add({ kind: 'pin', person, former, verifier: sealed });
    directory.changePin(person, kept);
    people.tried(person, true);
  }
}
