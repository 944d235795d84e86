/**
 * Tells a seat that is kept open by a thing from one where somebody works: a weight on a key or a quick mouse jiggler never
 * rests, a slow jiggler comes like clockwork. Judged by idle times of once a second only, never by what was typed. Pure.
 */

/** `neverRests`: no pause for minutes. `clockwork`: pauses that are all equally long. */
export type ProppedBy = 'neverRests' | 'clockwork';

export interface ProppedState {
  readonly lastMs: number | null;
  readonly lastInputMs: number | null;
  /** Since when there was no pause. */
  readonly busySinceMs: number | null;
  /** The last pauses, in milliseconds, the newest at the end. */
  readonly pauses: readonly number[];
  readonly found: { readonly by: ProppedBy; readonly sinceMs: number } | null;
}

export interface ProppedVerdict {
  readonly state: ProppedState;
  /** As told, or with a finding as if nothing had been touched since then. */
  readonly idleMs: number;
}

/** A person who works rests this long again and again, in milliseconds. */
const REST_MS = 2_000;
/** And never goes without it for this long, in milliseconds. */
const BUSY_FOR_MS = 300_000;
/** Shorter pauses than this are part of a movement, in milliseconds. */
const PAUSE_MS = 3_000;
/** Input that goes on for this long is no tick of a clock, in milliseconds. */
const WORK_MS = 4_000;
/** Pauses are equally long within this, in milliseconds: the system tells whole seconds, at both ends. */
const SAME_MS = 2_200;
/** So many equal pauses in a row are no person's; of short ones a person may well make some. */
const CLOCKWORK = [
  { shorterThanMs: 10_000, pauses: 30 },
  { shorterThanMs: 25_000, pauses: 10 },
  { shorterThanMs: Number.POSITIVE_INFINITY, pauses: 6 },
] as const;
const MOST_PAUSES = 30;
/** Without a report for this long what was going on is not known, in milliseconds. */
const GAP_MS = 10_000;

export const PROPPED_START: ProppedState = { lastMs: null, lastInputMs: null, busySinceMs: null, pauses: [], found: null };

/** @param idleMs how long ago the latest input of any source was */
export function judgePropped(former: ProppedState, atMs: number, idleMs: number): ProppedVerdict {
  const state = former.lastMs !== null && atMs - former.lastMs > GAP_MS ? PROPPED_START : former;
  const inputMs = atMs - idleMs;
  const pauseMs = state.lastInputMs === null ? 0 : inputMs - state.lastInputMs;
  const busySinceMs = idleMs >= REST_MS ? null : (state.busySinceMs ?? atMs);
  // A clock does nothing between its ticks: input that goes on for a while is somebody's.
  const isWork = busySinceMs !== null && atMs - busySinceMs >= WORK_MS;
  const pauses = isWork ? [] : pauseMs >= PAUSE_MS ? [...state.pauses, pauseMs].slice(-MOST_PAUSES) : state.pauses;
  const by = findingOf(pauses, busySinceMs, atMs, idleMs);
  const found = by === null ? null : { by, sinceMs: state.found?.sinceMs ?? atMs };
  return {
    state: { lastMs: atMs, lastInputMs: Math.max(inputMs, state.lastInputMs ?? inputMs), busySinceMs, pauses, found },
    idleMs: found === null ? idleMs : Math.max(idleMs, atMs - found.sinceMs),
  };
}

function findingOf(pauses: readonly number[], busySinceMs: number | null, atMs: number, idleMs: number): ProppedBy | null {
  if (busySinceMs !== null && atMs - busySinceMs >= BUSY_FOR_MS) return 'neverRests';
  const newest = pauses.at(-1);
  if (newest === undefined) return null;
  // Whoever stays away longer than the clock would is no clock.
  if (idleMs > newest + SAME_MS) return null;
  const needed = CLOCKWORK.find(({ shorterThanMs }) => newest < shorterThanMs)?.pauses ?? MOST_PAUSES;
  const row = pauses.slice(-needed);
  return row.length === needed && Math.max(...row) - Math.min(...row) <= SAME_MS ? 'clockwork' : null;
}
