/**
 * What the agent and the program before the keys of a window say to each other: arguments one way, lines of JSON the other. By hand: the
 * program would load all of TypeBox for five numbers.
 */
import type { WedgeRhythm } from '../../../core/reader/wedge.ts';

/** `here` answers PING, `bar` is the key that leads to the session bar. `number`: what was typed; null where it was more than any badge has. */
export type Said = { readonly is: 'ready' | 'here' | 'bar' } | { readonly is: 'badge'; readonly number: string | null };

/** What the agent sends to hear whether the program lives. */
export const PING = '\n';
/** A line that is longer is not read on: no message comes near it. */
export const LINE_LIMIT = 512;

const TERMINATORS = ['enter', 'tab', 'none'] as const;

export function argumentsOf(window: number, { minLength, medianGapMs, maxGapMs, endGapMs, terminator }: WedgeRhythm): readonly string[] {
  return [...[window, minLength, medianGapMs, maxGapMs, endGapMs].map(String), terminator];
}

/** @throws RangeError for what `argumentsOf` never makes */
export function gateArguments(words: readonly string[]): { readonly window: number; readonly rhythm: WedgeRhythm } {
  const [window = NaN, minLength = NaN, medianGapMs = NaN, maxGapMs = NaN, endGapMs = NaN] = words.slice(0, 5).map(Number);
  const terminator = TERMINATORS.find((one) => one === words[5]);
  if (terminator === undefined || ![window, minLength, medianGapMs, maxGapMs, endGapMs].every(Number.isSafeInteger))
    throw new RangeError('The window and the rhythm of a badge reader are expected as arguments.');
  return { window, rhythm: { minLength, medianGapMs, maxGapMs, endGapMs, terminator } };
}

/** Undefined for what the program never says. */
export function parseSaid(line: string): Said | undefined {
  const value = parsed(line);
  if (typeof value !== 'object' || value === null || !('is' in value)) return undefined;
  if (value.is === 'ready' || value.is === 'here' || value.is === 'bar') return { is: value.is };
  if (value.is !== 'badge' || !('number' in value)) return undefined;
  return value.number === null || typeof value.number === 'string' ? { is: 'badge', number: value.number } : undefined;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
