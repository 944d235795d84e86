/**
 * Keeps an operational log from being filled by one thing that happens without end, such as an application that tries what it is denied all
 * day: the first lines of a message are written, the others are counted, and the count is written once in an interval. What the record must
 * hold is not here; nothing that happened goes untold.
 */

export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

type Level = keyof Log;

/** How often whoever owns the log calls `tellRepeats`, in milliseconds. */
export const FLOOD_INTERVAL_MS = 60_000;
/** Lines of one message that are written with what they say, until an interval goes by without one too many. */
export const LINES_OF_A_MESSAGE = 20;
/** Messages are sentences of the program, so this many are never reached, unless one holds data by mistake: those share one count. */
export const MOST_MESSAGES = 500;
const OTHERS = 'other messages';

interface Counted {
  readonly level: Level;
  readonly message: string;
  written: number;
  held: number;
}

export class FloodedLog implements Log {
  readonly #log: Log;
  readonly #counted = new Map<string, Counted>();

  constructor(log: Log) {
    this.#log = log;
  }

  info(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#take('info', message, fields);
  }

  warn(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#take('warn', message, fields);
  }

  error(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#take('error', message, fields);
  }

  /** Writes what was counted since the last time. A message of which nothing was held back is written as before again. */
  tellRepeats(): void {
    for (const [key, counted] of this.#counted) {
      const { level, message, held } = counted;
      if (held === 0) this.#counted.delete(key);
      else this.#log[level](message, { repeated: held });
      counted.held = 0;
    }
  }

  #take(level: Level, message: string, fields: Readonly<Record<string, unknown>> | undefined): void {
    const counted = this.#of(level, message);
    if (counted.written < LINES_OF_A_MESSAGE) {
      counted.written += 1;
      this.#log[level](message, fields);
    } else counted.held += 1;
  }

  #of(level: Level, message: string): Counted {
    const known = this.#counted.get(`${level} ${message}`);
    if (known !== undefined) return known;
    if (this.#counted.size >= MOST_MESSAGES && message !== OTHERS) return this.#of(level, OTHERS);
    const fresh: Counted = { level, message, written: 0, held: 0 };
    this.#counted.set(`${level} ${message}`, fresh);
    return fresh;
  }
}
