/**
 * Keeps an application that is denied ten thousand times from drowning whoever reads about it: the first of a kind is told at once,
 * the others are counted. Pure; time comes in as an argument.
 */
import type { Denial } from './record.ts';

/** A denial and how often it happened since it was last told. */
export interface CountedDenial extends Denial {
  readonly count: number;
}

const TELL_EVERY_MS = 1_000;
/** More kinds than this between two tellings are told as one kind without a path. */
const MAX_KINDS = 500;
export const MANY_PATHS = '(many)';

export class DenialTally {
  readonly #waiting = new Map<string, CountedDenial>();
  readonly #told = new Set<string>();
  #toldAt = 0;

  /** Takes a denial, and gives back what is to be told now. `nowMs` is any clock that does not run backwards. */
  take(denial: Denial, nowMs: number): readonly CountedDenial[] {
    const kind = keyOf(denial);
    if (!this.#told.has(kind) && this.#told.size < MAX_KINDS) {
      this.#told.add(kind);
      return [...this.due(nowMs), { ...denial, count: 1 }];
    }
    const counted = this.#told.has(kind) ? denial : { ...denial, path: MANY_PATHS };
    const former = this.#waiting.get(keyOf(counted));
    this.#waiting.set(keyOf(counted), { ...counted, count: (former?.count ?? 0) + 1 });
    return this.due(nowMs);
  }

  /** What has been counted long enough. */
  due(nowMs: number): readonly CountedDenial[] {
    if (nowMs - this.#toldAt < TELL_EVERY_MS) return [];
    this.#toldAt = nowMs;
    const due = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#told.clear();
    for (const denial of due) this.#told.add(keyOf(denial));
    return due;
  }
}

function keyOf({ domainPid, access, path }: Denial): string {
  return `${domainPid} ${access} ${path}`;
}
