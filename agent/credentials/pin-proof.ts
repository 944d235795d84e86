/**
 * A PIN that is asked for outside of signing in: charged durably before it is looked at, under the same tries and waits. It
 * answers whether it was right and opens nothing.
 */
import { failuresElsewhere } from '../../core/session/moves.ts';
import { charge, type GuessLimits, mayGuess } from '../../core/session/throttle.ts';
import type { PersonFact, SeatEvent } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';
import type { Recorder } from '../record/recorder.ts';
import type { SeatMemory } from '../state/memory.ts';
import type { StaffDirectory } from './directory.ts';
import type { PeopleLink } from './people-link.ts';
import type { PinCheck } from './pin.ts';

export interface PinProofPorts {
  readonly directory: StaffDirectory;
  readonly pins: PinCheck;
  readonly memory: SeatMemory;
  readonly people: PeopleLink;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** Null without a policy. */
  readonly limits: (person: string) => (GuessLimits & { readonly minDigits: number }) | null;
  readonly fact: (person: string) => PersonFact | undefined;
  readonly dispatch: (event: SeatEvent) => void;
}

export interface Proof {
  readonly outcome: 'right' | 'wrong' | 'wait' | 'blocked' | 'notNow';
  readonly triesLeft: number;
  readonly waitMs: number;
}

const nothing = (outcome: Proof['outcome'], triesLeft = 0, waitMs = 0): Proof => ({ outcome, triesLeft, waitMs });

export class PinProof {
  readonly #ports: PinProofPorts;
  #running = false;

  constructor(ports: PinProofPorts) {
    this.#ports = ports;
  }

  /** One at a time: each guess must be charged before the next is looked at. @throws when the charge can't be made durable */
  async prove(person: string, typed: string): Promise<Proof> {
    if (this.#running) return nothing('notNow');
    this.#running = true;
    try {
      return await this.#prove(person, typed);
    } finally {
      this.#running = false;
    }
  }

  async #prove(person: string, typed: string): Promise<Proof> {
    const { directory, pins, memory, clock, recorder, people, dispatch, fact, limits: rules } = this.#ports;
    const pinId = directory.who(person)?.pinId;
    const limits = rules(person);
    if (pinId == null || limits === null) return nothing('notNow');
    const elsewhere = failuresElsewhere(fact(person), pinId);
    const judge = () => mayGuess(memory.throttles[person], pinId, { ...limits, elsewhere }, clock.bootMs());
    const verdict = judge();
    if (!verdict.may) return verdict.why === 'wait' ? nothing('wait', verdict.triesLeft, verdict.waitMs) : nothing('blocked');
    const charged = charge(memory.throttles[person], pinId, limits, { bootMs: clock.bootMs(), bootId: clock.bootId });
    memory.setThrottle(person, charged);
    dispatch({ type: 'GuessCharged', person, throttle: charged });
    const right = await pins.isRight(directory.pinOf(person), typed);
    people.tried(person, right);
    if (right) {
      memory.setThrottle(person, null);
      dispatch({ type: 'GuessCharged', person, throttle: null });
      return nothing('right', limits.maxFailures);
    }
    const { triesLeft } = judge();
    recorder.note({ type: 'auth.refused', body: { person, reason: 'pin.wrong', triesLeft, badge: null } });
    return nothing('wrong', triesLeft);
  }
}
