/**
 * Tells a keyboard-wedge badge reader from a person by the rhythm of the keys. Pure: key times come in, a verdict comes
 * out. It must hold back whatever may still turn out to be a badge, so that no character of one reaches a field.
 */

/** Gaps of a scanner are 2 to 18 ms, of people 80 to 200 ms. */
export const WEDGE_MEDIAN_GAP_MS = 25;
/** One slow key within a burst, such as the first after the reader woke. */
export const WEDGE_MAX_GAP_MS = 50;
export const WEDGE_MIN_LENGTH = 6;
/** The terminator follows the last character this soon. */
export const WEDGE_ENTER_GAP_MS = 100;
/** Longer bursts are no badge (`BadgeNumber` ends at 64): they are swallowed whole and reported. */
export const WEDGE_MAX_LENGTH = 64;

export interface WedgeState {
  /** Characters held back, in order. */
  readonly held: string;
  /** Gaps between them in milliseconds; one less than `held` has characters. */
  readonly gaps: readonly number[];
  readonly lastAt: number;
  /** Characters of an overlong burst that were dropped beyond the limit. */
  readonly dropped: number;
}

export type WedgeKey = { readonly kind: 'character'; readonly character: string } | { readonly kind: 'enter' } | { readonly kind: 'other' };

export interface WedgeStep {
  readonly state: WedgeState;
  /** Text that a person typed and that may go on to its field now, before the present key. */
  readonly release: string;
  /** Whether the present key must be kept from its field. */
  readonly hold: boolean;
  /** A whole burst: the number of a badge, or `overlong`. */
  readonly badge: { readonly number: string } | 'overlong' | null;
  /** When to ask `releaseDue`, in milliseconds on the same clock; null when nothing is held. */
  readonly due: number | null;
}

export const WEDGE_IDLE: WedgeState = { held: '', gaps: [], lastAt: 0, dropped: 0 };

/**
 * Takes one key.
 * @param at milliseconds on any monotonic clock
 */
export function wedgeKey(state: WedgeState, key: WedgeKey, at: number): WedgeStep {
  if (key.kind === 'other') return { state: WEDGE_IDLE, release: state.held, hold: false, badge: null, due: null };
  const gap = at - state.lastAt;
  if (key.kind === 'enter') {
    if (state.held !== '' && gap <= WEDGE_ENTER_GAP_MS && isBurst(state)) {
      return { state: WEDGE_IDLE, release: '', hold: true, badge: state.dropped > 0 ? 'overlong' : { number: state.held }, due: null };
    }
    return { state: WEDGE_IDLE, release: state.held, hold: false, badge: null, due: null };
  }
  const follows = state.held !== '' && gap <= WEDGE_MAX_GAP_MS;
  if (!follows) {
    return held({ held: key.character, gaps: [], lastAt: at, dropped: 0 }, state.dropped > 0 ? '' : state.held);
  }
  const full = state.held.length >= WEDGE_MAX_LENGTH;
  return held(
    {
      held: full ? state.held : state.held + key.character,
      gaps: full ? state.gaps : [...state.gaps, gap],
      lastAt: at,
      dropped: state.dropped + (full ? 1 : 0),
    },
    '',
  );
}

/** What to let go when no key came until `at`: a burst that still may get its Enter is kept a little longer. */
export function releaseDue(state: WedgeState, at: number): WedgeStep {
  if (state.held === '') return { state, release: '', hold: false, badge: null, due: null };
  if (at < dueAt(state)) return { state, release: '', hold: false, badge: null, due: dueAt(state) };
  // An overlong burst without an end is a machine's, never a person's: nothing of it is let go.
  return { state: WEDGE_IDLE, release: state.dropped > 0 ? '' : state.held, hold: false, badge: null, due: null };
}

function held(state: WedgeState, release: string): WedgeStep {
  return { state, release, hold: true, badge: null, due: dueAt(state) };
}

function dueAt(state: WedgeState): number {
  // One past the limit: a key that comes exactly at it still belongs to the burst.
  return state.lastAt + (isBurst(state) ? WEDGE_ENTER_GAP_MS : WEDGE_MAX_GAP_MS) + 1;
}

function isBurst(state: WedgeState): boolean {
  return state.held.length >= WEDGE_MIN_LENGTH && median(state.gaps) <= WEDGE_MEDIAN_GAP_MS;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.POSITIVE_INFINITY;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
