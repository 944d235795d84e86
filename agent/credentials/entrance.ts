/**
 * Who comes to the seat: a badge, a typed name, a temporary code or a downtime card, as the event that the machines take.
 * It looks people up and slows guessing of codes down; it decides about nobody.
 */
import { charge, type GuessLimits, mayGuess } from '../../core/session/throttle.ts';
import type { SeatEvents } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { SeatMemory } from '../state/memory.ts';
import type { SeatPerson, StaffDirectory } from './directory.ts';

type Arrived = SeatEvents['BadgeRead'];

export interface EntrancePorts {
  readonly directory: StaffDirectory;
  readonly memory: SeatMemory;
  readonly clock: Clock;
  readonly policy: () => PolicySnapshot | null;
  /** The wall clock, but never before what the site signed. */
  readonly trustedWallMs: () => number;
  /** How short the PIN of somebody of this role may be here and now. */
  readonly leastDigits: (role: string) => number;
}

export interface NamedPerson {
  readonly id: string;
  readonly displayName: string;
  readonly initials: string;
}

/** Names are offered from so many letters on. */
const LEAST_LETTERS = 2;
const MOST_NAMES = 6;
/** Codes are guessed at by anybody: the wait counts for the seat, and no number of mistakes ends it for good. */
export const CODE_GUESSES = 'codes';

export class Entrance {
  readonly #ports: EntrancePorts;

  constructor(ports: EntrancePorts) {
    this.#ports = ports;
  }

  badge(number: string): Arrived {
    const { directory, trustedWallMs, leastDigits } = this.#ports;
    return { type: 'BadgeRead', by: 'badge', ...directory.find(number, trustedWallMs(), leastDigits) };
  }

  /** A user name, or a full name that only one person here has. */
  name(typed: string): Arrived {
    const { directory, trustedWallMs, leastDigits } = this.#ports;
    const wanted = normal(typed);
    const everyone = directory.current?.persons ?? [];
    const sameName = everyone.filter(({ displayName }) => normal(displayName) === wanted);
    const person = everyone.find(({ id }) => normal(id) === wanted) ?? (sameName.length === 1 ? sameName[0] : undefined);
    const found = directory.judge(person, trustedWallMs(), leastDigits);
    return { type: 'BadgeRead', by: 'name', badge: null, ...found };
  }

  /** Whose name begins like that, where the policy offers names. */
  names(typed: string): readonly NamedPerson[] {
    const { directory, policy, trustedWallMs } = this.#ports;
    const begun = normal(typed);
    if (policy()?.document.signIn?.suggestNames !== true || begun.length < LEAST_LETTERS) return [];
    const fits = ({ id, displayName }: SeatPerson): boolean =>
      [id, displayName, ...displayName.split(/\s+/)].some((word) => normal(word).startsWith(begun));
    const people = (directory.current?.persons ?? []).filter(
      (person) => fits(person) && directory.judge(person, trustedWallMs()).standing === 'ok',
    );
    return people.slice(0, MOST_NAMES).map(({ id, displayName, initials }) => ({ id, displayName, initials }));
  }

  /** @throws when the charge for a guess can't be made durable; the code is not looked at then */
  code(digits: string): Arrived {
    const { directory, memory, clock, policy, trustedWallMs, leastDigits } = this.#ports;
    const limits: GuessLimits = {
      maxFailures: Number.MAX_SAFE_INTEGER,
      firstWaitMs: (policy()?.document.pin.firstWaitSeconds ?? 0) * 1_000,
    };
    const now = { bootMs: clock.bootMs(), bootId: clock.bootId };
    const verdict = mayGuess(memory.codeThrottle ?? undefined, CODE_GUESSES, limits, now.bootMs);
    if (!verdict.may) {
      const waitMs = verdict.why === 'wait' ? verdict.waitMs : 0;
      return { type: 'BadgeRead', by: 'code', badge: null, standing: 'wait', who: null, waitMs };
    }
    const former = memory.codeThrottle;
    memory.setCodeThrottle(charge(former ?? undefined, CODE_GUESSES, limits, now));
    const { kind, standing, ...found } = directory.findCode(digits, trustedWallMs(), leastDigits);
    const isUsed = kind === 'card' && memory.usedCards.includes(found.badge);
    // A code of one's own costs nothing, and forgives no guess at anybody else's: only a session that it opens does.
    if (standing === 'ok' && !isUsed) memory.setCodeThrottle(former);
    return { type: 'BadgeRead', by: kind, ...found, standing: isUsed ? 'used' : standing };
  }

  /** Whether any code or card could open this seat now. */
  takesCodes(): boolean {
    const wallMs = this.#ports.trustedWallMs();
    return (this.#ports.directory.current?.persons ?? []).some(({ codes }) => codes?.some((one) => wallMs < Date.parse(one.validUntil)));
  }
}

/** Names compare without case, accents and the space around them. */
function normal(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').trim().toLowerCase();
}
