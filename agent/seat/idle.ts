/**
 * How long nobody has been at the seat, as the machines are told: judges what the screens report, says in the record and on
 * the screen when it is not believed, and never makes a seat idle later than its strictest source once it is not.
 */
import type { AuditEvent } from '../../contract/events.ts';
import type { TruthView } from '../../contract/seat-view.ts';
import { judgePropped, PROPPED_START, type ProppedBy, type ProppedState } from '../../core/idle/propped.ts';
import { compareSources, type IdleReport, SOURCES_START, type SourceDoubt, type SourcesState } from '../../core/idle/sources.ts';
import type { OpenSession, Presence, SeatRules } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';

export interface SeatIdlePorts {
  readonly clock: Pick<Clock, 'bootMs'>;
  readonly rules: () => Pick<SeatRules, 'removalLocks'> | null;
  readonly presence: () => Presence;
  /** Whose badge that is, by its keyed hash; null for a stranger's. */
  readonly holderOf: (badge: string) => string | null;
  /** The session that is open on the screen. */
  readonly openSession: () => OpenSession | null;
  readonly note: (event: AuditEvent) => void;
  /** How long the open seat was idle. */
  readonly idle: (idleMs: number) => void;
  readonly changed: () => void;
}

export class SeatIdle {
  readonly #ports: SeatIdlePorts;
  #sources: SourcesState = SOURCES_START;
  #propped: ProppedState = PROPPED_START;

  constructor(ports: SeatIdlePorts) {
    this.#ports = ports;
  }

  /** As the screens say it; `low` names why idle time is not believed, and the strictest source counts. */
  get truth(): TruthView['idle'] {
    const doubt = this.#doubt;
    return { confidence: doubt !== null ? 'low' : this.#sources.proven ? 'full' : 'testing', reason: doubt };
  }

  get #doubt(): Doubt | null {
    return this.#sources.doubt ?? this.#propped.found?.by ?? null;
  }

  /** Takes what the screens report once a second, locked or open: at a locked seat the sources are only tested. */
  report({ osIdleMs, ownIdleMs, nativeFront }: Pick<IdleReport, 'osIdleMs' | 'ownIdleMs' | 'nativeFront'>): void {
    const { clock, openSession, idle } = this.#ports;
    const session = openSession();
    const atMs = clock.bootMs();
    const before = this.#doubt;
    const compared = compareSources(this.#sources, { atMs, osIdleMs, ownIdleMs, nativeFront, card: this.#card(session) });
    this.#sources = compared.state;
    // Nobody is kept in by a thing at a locked seat; each opening is judged anew.
    const judged = session === null ? null : judgePropped(this.#propped, atMs, compared.idleMs);
    this.#propped = judged?.state ?? PROPPED_START;
    if (this.#doubt !== before) this.#say(session, osIdleMs, ownIdleMs);
    if (judged !== null) idle(judged.idleMs);
  }

  /** Only the session's own person's card speaks for somebody being there: any other may have been forgotten on the reader. */
  #card(session: OpenSession | null): IdleReport['card'] {
    const { rules, presence, holderOf } = this.#ports;
    const { watching, lying } = presence();
    const owner = session?.who?.id ?? null;
    const mustLie = session?.factors.includes('badge') === true && rules()?.removalLocks === true && watching;
    if (!mustLie) return 'unknown';
    return owner !== null && lying.some((badge) => holderOf(badge) === owner) ? 'lying' : 'away';
  }

  #say(session: OpenSession | null, osIdleMs: number, ownIdleMs: number): void {
    const doubt = this.#doubt;
    const body = {
      session: session?.id ?? null,
      confidence: doubt === null ? 'full' : 'low',
      reason: doubt === null ? 'agreed' : REASONS[doubt],
      osIdleSeconds: Math.floor(osIdleMs / 1000),
      ownIdleSeconds: Math.floor(ownIdleMs / 1000),
    };
    this.#ports.note({ type: 'idle.judged', body });
    this.#ports.changed();
  }
}

type Doubt = SourceDoubt | ProppedBy;

/** Why, as the record names it. */
const REASONS: Readonly<Record<Doubt, string>> = {
  osBlind: 'os-blind',
  osFrozen: 'os-frozen',
  cardAway: 'card-away',
  neverRests: 'never-rests',
  clockwork: 'clockwork',
};
