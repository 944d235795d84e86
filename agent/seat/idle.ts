/**
 * How long nobody has been at the seat, as the machines are told: judges what the screens report, says in the record and on
 * the screen when it is not believed, and never makes a seat idle later than its strictest source once it is not.
 */
import type { AuditEvent } from '../../contract/events.ts';
import type { TruthView } from '../../contract/seat-view.ts';
import { compareSources, type IdleReport, SOURCES_START, type SourcesState } from '../../core/idle/sources.ts';
import type { OpenSession, Presence, SeatRules } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';

export interface SeatIdlePorts {
  readonly clock: Pick<Clock, 'bootMs'>;
  readonly rules: () => Pick<SeatRules, 'removalLocks'> | null;
  readonly presence: () => Presence;
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

  constructor(ports: SeatIdlePorts) {
    this.#ports = ports;
  }

  /** As the screens say it; `low` names why idle time is not believed, and the strictest source counts. */
  get truth(): TruthView['idle'] {
    const { doubt, proven } = this.#sources;
    return { confidence: doubt !== null ? 'low' : proven ? 'full' : 'testing', reason: doubt };
  }

  /** Takes what the screens report once a second, locked or open: at a locked seat the sources are only tested. */
  report({ osIdleMs, ownIdleMs }: Pick<IdleReport, 'osIdleMs' | 'ownIdleMs'>): void {
    const { clock, openSession, idle } = this.#ports;
    const session = openSession();
    const { state, idleMs } = compareSources(this.#sources, { atMs: clock.bootMs(), osIdleMs, ownIdleMs, card: this.#card(session) });
    const before = this.#sources.doubt;
    this.#sources = state;
    if (state.doubt !== before) this.#say(session, osIdleMs, ownIdleMs);
    if (session !== null) idle(idleMs);
  }

  #card(session: OpenSession | null): IdleReport['card'] {
    const { rules, presence } = this.#ports;
    const { watching, lying } = presence();
    const mustLie = session?.factors.includes('badge') === true && rules()?.removalLocks === true && watching;
    if (!mustLie) return 'unknown';
    return lying.length > 0 ? 'lying' : 'away';
  }

  #say(session: OpenSession | null, osIdleMs: number, ownIdleMs: number): void {
    const { doubt } = this.#sources;
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

/** Why, as the record names it. */
const REASONS = { osBlind: 'os-blind', osFrozen: 'os-frozen', cardAway: 'card-away' } as const;
