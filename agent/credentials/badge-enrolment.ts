/**
 * Whoever taps an unknown badge may make it their own with name and PIN, where the policy says so: the server is asked, and
 * nothing holds before it has agreed, because only it knows whether the badge is somebody else's.
 */
import type { Params, Result } from '../../contract/boundary.ts';
import type { UiBoundary } from '../../contract/ui.ts';
import type { Clock } from '../clock.ts';
import type { Recorder } from '../record/recorder.ts';
import type { StaffDirectory } from './directory.ts';
import type { Entrance } from './entrance.ts';
import type { Outbox } from './outbox.ts';
import type { PinProof } from './pin-proof.ts';

export type EnrolOutcome = Result<UiBoundary, 'enrolBadge'>;

export interface BadgeEnrolmentPorts {
  readonly directory: StaffDirectory;
  readonly entrance: Entrance;
  readonly outbox: Outbox;
  readonly proof: PinProof;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** Roles whose people may do so here and now. */
  readonly roles: () => readonly string[];
  readonly isOnline: () => boolean;
  /** Nobody's session is open on the screen. */
  readonly isClosed: () => boolean;
  readonly tell: () => void;
  readonly changed: () => void;
}

/** An unknown badge can be made somebody's own for so long after it was tapped, in milliseconds. */
const TAPPED_MS = 120_000;
/** How long the person waits for the server; it may still agree later, in milliseconds. */
const ANSWER_MS = 15_000;

export class BadgeEnrolment {
  readonly #ports: BadgeEnrolmentPorts;
  #tapped: { readonly badge: string; readonly bootMs: number } | null = null;
  readonly #waiting = new Map<number, (outcome: EnrolOutcome['outcome']) => void>();

  constructor(ports: BadgeEnrolmentPorts) {
    this.#ports = ports;
  }

  /** A badge was tapped that nobody here has. */
  sawUnknown(badge: string): void {
    this.#tapped = { badge, bootMs: this.#ports.clock.bootMs() };
  }

  /** Whether the screen may offer it now. */
  get offered(): boolean {
    const { roles, isOnline, isClosed } = this.#ports;
    return this.#badge() !== null && roles().length > 0 && isOnline() && isClosed();
  }

  async enrol({ name, pin }: Params<UiBoundary, 'enrolBadge'>): Promise<EnrolOutcome> {
    const { entrance, roles, isOnline, isClosed, proof, outbox, recorder, tell, changed } = this.#ports;
    const of = (outcome: EnrolOutcome['outcome'], triesLeft = 0, waitMs = 0): EnrolOutcome => ({ outcome, triesLeft, waitMs });
    const badge = this.#badge();
    if (badge === null || !isClosed()) return of('notNow');
    if (!isOnline()) return of('offline');
    if (outbox.isFull) return of('full');
    const { who, standing } = entrance.name(name);
    if (who === null || who.pinId === null || standing !== 'ok') return of('unknown');
    if (!roles().includes(who.role)) return of('notAllowed');
    const proven = await proof.prove(who.id, pin);
    if (proven.outcome !== 'right') return of(proven.outcome, proven.triesLeft, proven.waitMs);
    if (this.#badge() !== badge) return of('notNow');
    await recorder.append({ type: 'badge.enrolled', body: { person: who.id, badge, outcome: 'asked', code: null } });
    this.#tapped = null;
    const number = outbox.add({ kind: 'badge', person: who.id, badge });
    tell();
    changed();
    return of(await this.#answer(number));
  }

  /** The server has judged it. */
  judged(item: { readonly number: number; readonly person: string; readonly badge: string }, refusal: string | null): void {
    const { person, badge } = item;
    const outcome = refusal === null ? 'confirmed' : 'refused';
    this.#ports.recorder.note({ type: 'badge.enrolled', body: { person, badge, outcome, code: refusal } });
    this.#waiting.get(item.number)?.(refusal === null ? 'enrolled' : refusal === 'SERVER_BADGE_TAKEN' ? 'taken' : 'refused');
  }

  #answer(number: number): Promise<EnrolOutcome['outcome']> {
    return new Promise((done) => {
      const settle = (outcome: EnrolOutcome['outcome']): void => {
        clearTimeout(limit);
        this.#waiting.delete(number);
        done(outcome);
      };
      const limit = setTimeout(settle, ANSWER_MS, 'asked');
      this.#waiting.set(number, settle);
    });
  }

  /** The badge that was tapped, while that is young and nobody has it. */
  #badge(): string | null {
    const { clock, directory } = this.#ports;
    if (this.#tapped === null || clock.bootMs() - this.#tapped.bootMs > TAPPED_MS) return null;
    return directory.hasBadge(this.#tapped.badge) ? null : this.#tapped.badge;
  }
}
