/**
 * When a seat asks its server about people although nobody called and nothing happened here: often enough for what the policy lets
 * the answer be worth, and no more, because ten thousand idle seats ask one server.
 */
import type { PolicyDocument } from '../../policies/schema.ts';

/** The longest that an idle seat goes without an answer, in milliseconds. */
const LONGEST_MS = 300_000;
/** So long a lane may take until its turn comes. */
const TURN_MS = 30_000;
/** The least of the time between two answers: seats that started together drift apart. */
const FLOOR = 0.5;
const S = 1_000;

/** Half of what the policy lets an answer be old, so that one that is lost may be asked for again. */
export function longestSilence(policy: PolicyDocument | undefined): number {
  const { rules = [], staffAge } = policy?.signIn ?? {};
  const confirmed = rules.map(({ badgeOnly }) => badgeOnly?.confirmedSeconds ?? 0).filter((seconds) => seconds > 0);
  const bounds = [...confirmed, ...(staffAge === undefined ? [] : [staffAge.maxSeconds])];
  return Math.max(0, Math.min(LONGEST_MS, ...bounds.map((seconds) => (seconds * S) / 2 - TURN_MS)));
}

export class PeoplePace {
  readonly #random: () => number;
  /** What the server knows from the last answered question; null before any. */
  #told: string | null = null;
  #askedBootMs = 0;
  #share = 1;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** @param news what would be told now, as text to compare */
  isDue(news: string, bootMs: number, longestMs: number): boolean {
    return this.#told !== news || bootMs - this.#askedBootMs >= longestMs * this.#share;
  }

  /** The question in which this was told, asked at that time, has its answer. */
  answered(news: string, askedBootMs: number): void {
    this.#told = news;
    this.#askedBootMs = askedBootMs;
    this.#share = FLOOR + (1 - FLOOR) * this.#random();
  }
}
