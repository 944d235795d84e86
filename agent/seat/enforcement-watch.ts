/** A seat that was enforced and is no longer shuts; it opens again when every layer is back. */
import type { SeatEvent } from '../../core/session/types.ts';
import type { EnforcementMode } from '../launch/port.ts';

export class EnforcementWatch {
  readonly #mode: () => EnforcementMode;
  #last: EnforcementMode['name'];

  constructor(mode: () => EnforcementMode) {
    this.#mode = mode;
    this.#last = mode().name;
  }

  /** What a change since the last look means for the seat; null when it means nothing. */
  look(): SeatEvent | null {
    const { name, missing } = this.#mode();
    if (name === this.#last) return null;
    const wasEnforced = this.#last === 'enforced';
    this.#last = name;
    if (wasEnforced) return { type: 'EnforcementFailed', why: missing.map(({ layer }) => layer).join(', ') || 'a layer is missing' };
    return name === 'enforced' ? { type: 'Repaired' } : null;
  }
}
