/**
 * Tells a keyboard-wedge badge reader from a person by the rhythm of the keys. Pure: key times come in, a verdict comes
 * out. It must hold back whatever may still turn out to be a badge, so that no character of one reaches a field.
 */

/** By what a reader is told from a person; the policy may set it for readers that type otherwise. Times in milliseconds. */
export interface WedgeRhythm {
  readonly minLength: number;
  /** Gaps of a scanner are 2 to 18 ms, of people 80 to 200 ms. */
  readonly medianGapMs: number;
  /** One slow key within a burst, such as the first after the reader woke. */
  readonly maxGapMs: number;
  /** The terminator follows the last character this soon; without one so much silence ends a number. */
  readonly endGapMs: number;
  readonly terminator: 'enter' | 'tab' | 'none';
}

export const USUAL_RHYTHM: WedgeRhythm = { minLength: 6, medianGapMs: 25, maxGapMs: 50, endGapMs: 100, terminator: 'enter' };

/** Longer bursts are no badge (`BadgeNumber` ends at 64): they are swallowed whole and reported. */
export const WEDGE_MAX_LENGTH = 64;

export interface WedgeState {
  /** Characters held back, in order. */
  readonly held: string;
  /** Gaps between them in milliseconds; one less than `held` has characters. */
  readonly gaps: readonly number[];
  readonly lastAt: number;
  /** By how much the first of them may have come sooner than it was read, in milliseconds; 0 where that is beyond doubt. */
  readonly lateMs: number;
  /** Characters of an overlong burst that were dropped beyond the limit. */
  readonly dropped: number;
}

/** `lateMs`: by how much a character may have come sooner than it was read; 0 where a badge must be taken for one all the same. */
export type WedgeKey =
  | { readonly kind: 'character'; readonly character: string; readonly lateMs?: number }
  | { readonly kind: 'enter' | 'tab' | 'other' };

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

export const WEDGE_IDLE: WedgeState = { held: '', gaps: [], lastAt: 0, lateMs: 0, dropped: 0 };

/**
 * Takes one key.
 * @param at milliseconds on any monotonic clock
 */
export function wedgeKey(state: WedgeState, key: WedgeKey, at: number, rhythm: WedgeRhythm): WedgeStep {
  const gap = at - state.lastAt;
  if (key.kind !== 'character') {
    if (state.held !== '' && ends(key.kind, rhythm) && gap <= rhythm.endGapMs && isBurst(state, rhythm)) {
      return { ...IDLE, hold: true, badge: badgeOf(state) };
    }
    return { ...IDLE, ...withoutEnd(state) };
  }
  const follows = state.held !== '' && gap <= rhythm.maxGapMs;
  if (!follows) {
    // Without a terminator a number may end where the next one begins.
    const isWhole = rhythm.terminator === 'none' && isBurst(state, rhythm);
    const next = held({ held: key.character, gaps: [], lastAt: at, lateMs: key.lateMs ?? 0, dropped: 0 }, rhythm);
    return { ...next, ...(isWhole ? { badge: badgeOf(state) } : withoutEnd(state)) };
  }
  const full = state.held.length >= WEDGE_MAX_LENGTH;
  return held(
    {
      held: full ? state.held : state.held + key.character,
      gaps: full ? state.gaps : [...state.gaps, gap],
      lastAt: at,
      lateMs: state.lateMs,
      dropped: state.dropped + (full ? 1 : 0),
    },
    rhythm,
  );
}

/** What to let go when no key came until `at`: a burst that still may get its end is kept a little longer. */
export function releaseDue(state: WedgeState, at: number, rhythm: WedgeRhythm): WedgeStep {
  if (state.held === '') return { ...IDLE, state };
  if (at < dueAt(state, rhythm)) return { ...IDLE, state, due: dueAt(state, rhythm) };
  if (rhythm.terminator === 'none' && isBurst(state, rhythm)) return { ...IDLE, badge: badgeOf(state) };
  return { ...IDLE, ...withoutEnd(state) };
}

/** What was typed without an end is a person's; an overlong burst is a machine's all the same: nothing of it is let go, and it is told. */
function withoutEnd({ held, dropped }: WedgeState): Pick<WedgeStep, 'release' | 'badge'> {
  return dropped > 0 ? { release: '', badge: 'overlong' } : { release: held, badge: null };
}

const IDLE: WedgeStep = { state: WEDGE_IDLE, release: '', hold: false, badge: null, due: null };

function held(state: WedgeState, rhythm: WedgeRhythm): WedgeStep {
  return { state, release: '', hold: true, badge: null, due: dueAt(state, rhythm) };
}

/** Where no terminator is asked for, one that comes all the same belongs to the number. */
function ends(key: 'enter' | 'tab' | 'other', { terminator }: WedgeRhythm): boolean {
  return key === terminator || (terminator === 'none' && key !== 'other');
}

function badgeOf(state: WedgeState): WedgeStep['badge'] {
  return state.dropped > 0 ? 'overlong' : { number: state.held };
}

function dueAt(state: WedgeState, rhythm: WedgeRhythm): number {
  // One past the limit: a key that comes exactly at it still belongs to the burst.
  return state.lastAt + (isBurst(state, rhythm) ? rhythm.endGapMs : rhythm.maxGapMs) + 1;
}

function isBurst(state: WedgeState, rhythm: WedgeRhythm): boolean {
  return state.held.length >= rhythm.minLength && median(state.gaps) <= rhythm.medianGapMs && !mayBeAPerson(state, rhythm);
}

/** Keys that waited to be read may have come at the pace of a person, however fast they were read. */
function mayBeAPerson({ gaps, lateMs, dropped }: WedgeState, { maxGapMs }: WedgeRhythm): boolean {
  return dropped === 0 && lateMs > 0 && gaps.reduce((sum, gap) => sum + gap, lateMs) / gaps.length > maxGapMs;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.POSITIVE_INFINITY;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
