/**
 * Plays attempts one after the other and says how each ended. A probe that breaks has proved nothing, so it counts as failed; one
 * that does not end is given up. Owns the verdict.
 */
import { existsSync } from 'node:fs';
import type { DrillAttempt, DrillCertificate } from '../../contract/drill.ts';
import type { Probe } from './probe.ts';
import type { DrillSession } from './session.ts';

/** Something to try: a probe in its session, or a look at the seat itself. */
export interface Attempt {
  readonly escape: number;
  readonly what: string;
  /** Why it is not tried on this seat; null when it is. */
  readonly leftOut: string | null;
  readonly play: () => Promise<string | null>;
}

const ATTEMPT_LIMIT_MS = 120_000;
/** Of a sentence of the certificate (contract/drill.ts). */
const DETAIL_LIMIT = 500;

/** A probe as an attempt, each in a session of its own. */
export function inSession(probe: Probe, withSession: <T>(use: (session: DrillSession) => Promise<T>) => Promise<T>): Attempt {
  const absent = probe.needs.filter((path) => !existsSync(path));
  const leftOut = absent.length === 0 ? null : `This machine has no ${absent.join(', ')}.`;
  return { escape: probe.escape, what: probe.what, leftOut, play: () => withSession((session) => probe.attempt(session)) };
}

/** @param tell is told of each attempt as soon as it has ended */
export async function playAll(attempts: readonly Attempt[], tell: (attempt: DrillAttempt) => void): Promise<readonly DrillAttempt[]> {
  const played: DrillAttempt[] = [];
  for (const attempt of attempts) {
    const one = { escape: attempt.escape, what: attempt.what, ...(await outcomeOf(attempt)) };
    played.push(one);
    tell(one);
  }
  return played;
}

async function outcomeOf({ leftOut, play }: Attempt): Promise<Pick<DrillAttempt, 'outcome' | 'detail'>> {
  if (leftOut !== null) return { outcome: 'leftOut', detail: leftOut };
  try {
    const through = await withinLimit(play());
    return through === null ? { outcome: 'held', detail: '' } : { outcome: 'through', detail: through.slice(0, DETAIL_LIMIT) };
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    return { outcome: 'broken', detail: detail.slice(0, DETAIL_LIMIT) };
  }
}

async function withinLimit<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`It did not end within ${ATTEMPT_LIMIT_MS / 1000} seconds.`)), ATTEMPT_LIMIT_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Passed: everything was tried, and all of it held. What was not tried may be the very way out, whoever left it out and why. */
export function verdictOf(attempts: readonly DrillAttempt[]): DrillCertificate['verdict'] {
  const tried = attempts.filter(({ outcome }) => outcome !== 'leftOut');
  if (tried.length === 0 || tried.some(({ outcome }) => outcome !== 'held')) return 'failed';
  return tried.length === attempts.length ? 'passed' : 'incomplete';
}
