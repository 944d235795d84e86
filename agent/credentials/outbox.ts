/**
 * What was done at this seat and the server must take: changed PINs, enrolled badges, used cards. Sealed on disk, in order,
 * kept until the server has said what became of each. It judges nothing.
 */
import Type, { type Static } from 'typebox';
import { MOST_ITEMS, NewsItem } from '../../contract/people.ts';
import { Count } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { SecretBox } from '../keys/index.ts';
import { type BoxedFile, loadBoxed, saveBoxed } from '../state/boxed.ts';

/** A seat that is offline for weeks: more than anybody does there by hand. */
const MOST_KEPT = 1_000;
/** Left free for whoever asked whether there is room and is still recording what they do. */
const UNDER_WAY = 8;
export const Outgoing = Type.Object({ next: Count, items: Type.Array(NewsItem, { maxItems: MOST_KEPT }) });
type WithoutNumber<T> = T extends unknown ? Omit<T, 'number'> : never;

export class Outbox {
  readonly #file: BoxedFile<typeof Outgoing>;
  readonly #box: SecretBox;
  #now: Static<typeof Outgoing>;
  readonly #wallMs: () => number;
  readonly wasBroken: boolean;

  /** @param wallMs numbers are at least this: those of an outbox that was lost, or went back in time, are not given again */
  constructor(path: string, box: SecretBox, wallMs: () => number) {
    this.#file = { path, purpose: 'people-news', schema: Outgoing };
    this.#box = box;
    this.#wallMs = wallMs;
    const loaded = loadBoxed(this.#file, box);
    this.wasBroken = loaded.found === 'broken';
    this.#now = loaded.found === 'value' ? loaded.value : { next: Math.max(1, Math.floor(wallMs())), items: [] };
  }

  /** The oldest, as many as one exchange carries. */
  get first(): readonly NewsItem[] {
    return this.#now.items.slice(0, MOST_ITEMS);
  }

  get size(): number {
    return this.#now.items.length;
  }

  /** Asked before anything is recorded as done: an item that is refused here must leave nothing behind that says that it was. */
  get isFull(): boolean {
    return this.size >= MOST_KEPT - UNDER_WAY;
  }

  /** No number above this one was ever given by this outbox. */
  get lastGiven(): number {
    return this.#now.next - 1;
  }

  find(number: number): NewsItem | undefined {
    return this.#now.items.find((item) => item.number === number);
  }

  /** Whether a PIN that this person changed waits to be judged. */
  hasPinOf(person: string): boolean {
    return this.#now.items.some((item) => item.kind === 'pin' && item.person === person);
  }

  /** Keyed hashes of the downtime cards that were used here and of which the server has not said that it knows. */
  get cards(): readonly string[] {
    return this.#now.items.flatMap((item) => (item.kind === 'card' ? [item.card] : []));
  }

  /** The number of the last change that this person made from the PIN with this salt; 0 for none that waits. */
  lastChangeFrom(person: string, salt: string): number {
    return this.#now.items.findLast((item) => item.kind === 'pin' && item.person === person && item.former === salt)?.number ?? 0;
  }

  /** Durable when it returns. @throws SESSION_NOT_NOW when there is room for nothing more */
  add(item: WithoutNumber<NewsItem>): number {
    const { next, items } = this.#now;
    if (items.length >= MOST_KEPT) throw outboxFull();
    const number = Math.max(next, Math.floor(this.#wallMs()));
    this.#save({ next: number + 1, items: [...items, { ...item, number }] });
    return number;
  }

  /** The server has judged everything up to this number. */
  taken(number: number): void {
    const items = this.#now.items.filter((item) => item.number > number);
    if (items.length !== this.#now.items.length) this.#save({ ...this.#now, items });
  }

  /** All that waits gets a number above this one, in the same order: the server does not look at what lies below. */
  renumber(after: number): void {
    const { next, items } = this.#now;
    const first = Math.max(next, after + 1);
    // Past this a number is none any more: what waits stays as it is.
    if (first + items.length > Number.MAX_SAFE_INTEGER) return;
    this.#save({ next: first + items.length, items: items.map((item, at) => ({ ...item, number: first + at })) });
  }

  #save(value: Static<typeof Outgoing>): void {
    saveBoxed(this.#file, this.#box, value);
    this.#now = value;
  }
}

export function outboxFull(): WardlockError {
  return new WardlockError('SESSION_NOT_NOW', 'This seat has more to tell its server than it can keep. Bring it online.');
}
