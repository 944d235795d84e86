/**
 * How old the seat's knowledge of its staff is: since when somebody could have been revoked without the seat knowing. It
 * counts the time that the seat ran as well, so that setting a clock back makes nothing young.
 */
import type { PolicyDocument } from '../../policies/schema.ts';
import type { Clock } from '../clock.ts';
import type { SeatMemory } from '../state/memory.ts';

export type StaffState = 'fresh' | 'old' | 'tooOld';

/** How often the time that the seat ran is remembered, in milliseconds. */
const SAVE_MS = 60_000;

export interface StaffAgePorts {
  readonly clock: Clock;
  readonly memory: SeatMemory;
  /** The wall clock, but never before what the site signed. */
  readonly trustedWallMs: () => number;
  /** When the directory that is in use was made; null without one. */
  readonly issuedAt: () => string | null;
}

/**
 * Where the policy names no bound. Beyond it each sign-in needs the PIN, and nobody is shut out: a hospital that lost its server goes on for as
 * long as it takes.
 */
const USUAL_LIMIT = { maxSeconds: 604_800, tooOld: 'pin' } as const;

export class StaffAge {
  readonly #ports: StaffAgePorts;
  /** Since when the running time is not remembered yet. */
  #countedBootMs: number;

  constructor(ports: StaffAgePorts) {
    this.#ports = ports;
    this.#countedBootMs = ports.clock.bootMs();
  }

  /** The server said, in answer to a question asked at `askedBootMs`, that the staff here is the newest. */
  confirmed(serverWallMs: number, askedBootMs: number): void {
    this.#ports.memory.setStaffKnown({ at: new Date(serverWallMs).toISOString(), ranMs: 0 });
    this.#countedBootMs = askedBootMs;
  }

  /** When the staff was last known to be the newest; null without any. */
  get asOf(): string | null {
    return this.#ports.memory.staffKnown?.at ?? this.#ports.issuedAt();
  }

  /** In milliseconds; null without any staff. */
  get ageMs(): number | null {
    const { clock, memory, trustedWallMs } = this.#ports;
    const { asOf } = this;
    if (asOf === null) return null;
    const ranMs = (memory.staffKnown?.ranMs ?? 0) + clock.bootMs() - this.#countedBootMs;
    return Math.max(0, trustedWallMs() - Date.parse(asOf), ranMs);
  }

  stateUnder(policy: PolicyDocument | undefined): StaffState {
    const limit = policy?.signIn?.staffAge ?? USUAL_LIMIT;
    const { ageMs } = this;
    if (ageMs === null || ageMs <= limit.maxSeconds * 1_000) return 'fresh';
    return limit.tooOld === 'breakglass' ? 'tooOld' : 'old';
  }

  /** Now and then: what ran is remembered. @throws when the disk takes nothing */
  tick(): void {
    const { clock, memory } = this.#ports;
    const now = clock.bootMs();
    if (now - this.#countedBootMs < SAVE_MS) return;
    const { asOf } = this;
    if (asOf !== null) memory.setStaffKnown({ at: asOf, ranMs: (memory.staffKnown?.ranMs ?? 0) + now - this.#countedBootMs });
    this.#countedBootMs = now;
  }
}
