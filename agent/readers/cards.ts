/**
 * What lies on each reader, and what of it is a tap. Pure: times come in. A card that lies there for an hour is one tap, and so is one
 * that flutters at the edge of the field; a card that lay there when its reader came into view is none.
 */
import type { Presentation, Reading } from './port.ts';

/** The same card back on the same reader within this time never left it, in milliseconds. */
export const SAME_CARD_MS = 500;

interface Lying {
  readonly presentation: Presentation;
  /** When it was last seen to leave; null while it lies there. */
  readonly leftAtMs: number | null;
}

export interface CardMoves {
  /** Somebody held up a card, and this is what it presented. */
  readonly taps: readonly Reading[];
  /** Cards that are no longer there. */
  readonly removed: readonly Presentation[];
}

export const NO_MOVES: CardMoves = { taps: [], removed: [] };

const isSame = (a: Presentation, b: Presentation): boolean => a.proof === b.proof && a.number === b.number;

export class Cards {
  readonly #byReader = new Map<string, Lying>();

  /** What lies on some reader now, each card once. */
  get lying(): readonly Presentation[] {
    const all = [...this.#byReader.values()].map(({ presentation }) => presentation);
    return all.filter((one, at) => all.findIndex((other) => isSame(one, other)) === at);
  }

  read(reader: string, reading: Reading, isFirst: boolean, nowMs: number): CardMoves {
    const before = this.#byReader.get(reader);
    if (!reading.ok) return { taps: isFirst ? [] : [reading], removed: this.#gone(reader) };
    const { presentation } = reading;
    const isBack = before !== undefined && isSame(before.presentation, presentation) && !isOver(before, nowMs);
    const removed = isBack ? [] : this.#gone(reader);
    this.#byReader.set(reader, { presentation, leftAtMs: null });
    return { taps: isBack || isFirst ? [] : [reading], removed };
  }

  empty(reader: string, nowMs: number): void {
    const lying = this.#byReader.get(reader);
    if (lying !== undefined && lying.leftAtMs === null) this.#byReader.set(reader, { ...lying, leftAtMs: nowMs });
  }

  /** The reader is gone, and nobody knows what lies on it: that counts as taken away. */
  unplugged(reader: string): CardMoves {
    return { ...NO_MOVES, removed: this.#gone(reader) };
  }

  /** Cards that have been away for long enough. */
  settle(nowMs: number): CardMoves {
    const over = [...this.#byReader].filter(([, lying]) => isOver(lying, nowMs)).map(([reader]) => reader);
    return { ...NO_MOVES, removed: over.flatMap((reader) => this.#gone(reader)) };
  }

  /** When `settle` has something to do, or null. */
  get dueMs(): number | null {
    const left = [...this.#byReader.values()].flatMap(({ leftAtMs }) => (leftAtMs === null ? [] : [leftAtMs + SAME_CARD_MS]));
    return left.length === 0 ? null : Math.min(...left);
  }

  /** A card that lies on another reader too is still there. */
  #gone(reader: string): Presentation[] {
    const lying = this.#byReader.get(reader);
    this.#byReader.delete(reader);
    if (lying === undefined) return [];
    return this.lying.some((other) => isSame(other, lying.presentation)) ? [] : [lying.presentation];
  }
}

function isOver({ leftAtMs }: Lying, nowMs: number): boolean {
  return leftAtMs !== null && nowMs - leftAtMs >= SAME_CARD_MS;
}
