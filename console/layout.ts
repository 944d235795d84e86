/** Where marks and gaps stand on a lane: by time, with room between neighbours. Pure, so that it can be tested. */
import type { StoryEvent, StoryGap } from '../contract/console-api.ts';

/** Percent of the lane that two marks keep apart at least, as long as all of them fit. */
const LEAST_APART = 2.4;
/** Room kept free at both ends. */
const MARGIN = 1.5;

export interface Span {
  readonly from: number;
  readonly to: number;
}

export function spanOf(events: readonly StoryEvent[], gaps: readonly StoryGap[]): Span {
  const times = [...events.map(({ at }) => Date.parse(at)), ...gaps.flatMap(({ before }) => (before === null ? [] : [Date.parse(before)]))];
  const from = Math.min(...times);
  const to = Math.max(...times);
  // An open end leaves a tenth of the lane for what is still to come.
  const open = gaps.some(({ before }) => before === null);
  return { from, to: open ? to + Math.max(1000, (to - from) / 9) : to };
}

export function placeOf(time: number, { from, to }: Span): number {
  const share = to === from ? 0 : (Math.min(Math.max(time, from), to) - from) / (to - from);
  return MARGIN + share * (100 - 2 * MARGIN);
}

/** Percent from the left for each of these times, in order, never on top of each other while there is room. */
export function spread(times: readonly number[], span: Span): number[] {
  const apart = Math.min(LEAST_APART, (100 - 2 * MARGIN) / Math.max(1, times.length));
  const places: number[] = [];
  for (const time of times) places.push(Math.max(placeOf(time, span), (places.at(-1) ?? -apart) + apart));
  let limit = 100 - MARGIN;
  for (let at = places.length - 1; at >= 0; at -= 1) {
    places[at] = Math.min(places[at] ?? 0, limit);
    limit = (places[at] ?? 0) - apart;
  }
  return places;
}
