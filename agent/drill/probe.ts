/**
 * One way out that a program tries from inside a session, and what is said of it. Owns the words of a probe; each probe tries in
 * a session of its own, changes nothing outside of it that it does not take back, and never touches the session of a person.
 */
import { WardlockError } from '../../core/errors/index.ts';
import type { DrillSession } from './session.ts';

export interface Probe {
  /** The number in the list of escapes. */
  readonly escape: number;
  /** What holds when it passes, as a sentence goes on after its number. */
  readonly what: string;
  /** Programs of the machine that it needs. */
  readonly needs: readonly string[];
  /** Null when everything was stopped, otherwise what got through, in words. */
  readonly attempt: (session: DrillSession) => Promise<string | null>;
}

/** For what must work before anything is tried: nothing was proved then. @throws DRILL_NOT_READY */
export function mustHold(held: boolean, what: string): void {
  if (!held) throw new WardlockError('DRILL_NOT_READY', what);
}

/** Null where what came is what was to come. */
export function unlessSame(came: string, due: string, what: string): string | null {
  return came === due ? null : `${what}: got ${JSON.stringify(came.slice(0, 300))} instead of ${JSON.stringify(due.slice(0, 300))}`;
}

/** Null where every line fits; the first that does not is told. */
export function unlessEach(printed: string, due: RegExp, lines: number, what: string): string | null {
  const rows = printed.trim().split('\n');
  const odd = rows.find((row) => !due.test(row));
  if (odd !== undefined) return `${what}: ${JSON.stringify(odd.slice(0, 300))}`;
  return rows.length === lines ? null : `${what}: ${rows.length} of ${lines} attempts gave an answer`;
}

/** The first that got through. */
export function firstOf(found: readonly (string | null)[]): string | null {
  return found.find((one) => one !== null) ?? null;
}
