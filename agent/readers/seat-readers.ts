/**
 * The readers of one seat: puts what their stacks tell in order, and gives the seat taps, what lies on a reader, and how the readers
 * are. It must never decide who may come in, and never write a number down.
 */
import type { AuditEvent } from '../../contract/events.ts';
import type { SeatEvent, SeatEvents } from '../../core/session/types.ts';
import type { Clock } from '../clock.ts';
import { type CardMoves, Cards, NO_MOVES } from './cards.ts';
import { ReaderHealth } from './health.ts';
import type { Presentation, ReaderEvents, ReaderStack, ReadersReport } from './port.ts';
import type { ReaderRules } from './rules.ts';

const TICK_MS = 250;
/** The stack of keyboard readers has no cable that could be seen: it is there once it read a badge. */
const KEYBOARD_READER = 'Keyboard reader';
/** A name of a device is its driver's text: what is no plain text is left out. */
const UNPRINTABLE = /[^\x20-\x7e\u00a0-\u024f]/gu;
const LABEL_LIMIT = 120;

export interface SeatReaderPorts {
  readonly clock: Clock;
  readonly rules: () => ReaderRules;
  readonly note: (event: AuditEvent) => void;
  /** Whose card it is and whether they may come in, as the event of a tap. Asking is no tap: that is what is dispatched. */
  readonly arrived: (presentation: Presentation) => SeatEvents['BadgeRead'];
  readonly dispatch: (event: SeatEvent) => void;
  readonly changed: () => void;
  /** Starts the stack; it is closed and started again when the policy switches it off and on. */
  readonly open: (events: ReaderEvents) => ReaderStack;
}

export class SeatReaders {
  readonly #ports: SeatReaderPorts;
  readonly #cards = new Cards();
  readonly #health = new ReaderHealth();
  readonly #ticker: NodeJS.Timeout;
  #stack: ReaderStack | null = null;
  #closing: Promise<void> = Promise.resolve();
  #hasKeyboardReader = false;
  #lastReport = '';
  #lastPresence = '';

  constructor(ports: SeatReaderPorts) {
    this.#ports = ports;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#ticker.unref();
  }

  start(): void {
    this.#tick();
  }

  /** What the policy says of readers now. */
  get rules(): ReaderRules {
    return this.#ports.rules();
  }

  get report(): ReadersReport {
    const report = this.#health.report(this.#ports.rules());
    if (report.state !== 'none' || !this.#hasKeyboardReader) return { ...report, name: labelOf(report.name) };
    return { state: 'ok', name: KEYBOARD_READER, readers: [] };
  }

  /** A keyboard reader gave a badge. False where the policy allows none. */
  keyboardRead(): boolean {
    if (!this.#ports.rules().keyboard) return false;
    this.#hasKeyboardReader = true;
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#ticker);
    await this.#stack?.close();
    await this.#closing;
  }

  #tick(): void {
    const { rules, clock } = this.#ports;
    if (rules().pcsc) this.#stack ??= this.#ports.open(this.#events());
    else this.#closeStack();
    if ((this.#cards.dueMs ?? Number.POSITIVE_INFINITY) <= clock.bootMs()) this.#moved(this.#cards.settle(clock.bootMs()));
    this.#look();
  }

  #closeStack(): void {
    const stack = this.#stack;
    if (stack === null) return;
    this.#stack = null;
    this.#closing = stack.close();
    for (const { name } of this.#health.report(this.#ports.rules()).readers) this.#moved(this.#cards.unplugged(name));
    this.#health.service(false);
  }

  #events(): ReaderEvents {
    const health = this.#health;
    const cards = this.#cards;
    const { clock } = this.#ports;
    return {
      service: (isUp) => {
        health.service(isUp);
        this.#look();
      },
      plugged: (reader, isThere) => {
        health.plugged(reader, isThere);
        this.#moved(isThere ? NO_MOVES : cards.unplugged(reader));
      },
      read: (reader, reading, isFirst) => {
        health.answered(reader);
        this.#moved(cards.read(reader, reading, isFirst, clock.bootMs()));
      },
      empty: (reader) => {
        health.answered(reader);
        cards.empty(reader, clock.bootMs());
        this.#look();
      },
      hung: (reader, doing) => {
        health.hung(reader, doing);
        this.#look();
      },
      alive: () => {
        health.alive();
        this.#look();
      },
    };
  }

  /** What lies there is known before the tap and the removal that follow from it. */
  #moved({ taps, removed }: CardMoves): void {
    this.#look();
    const { arrived, dispatch } = this.#ports;
    for (const presentation of removed) {
      const { badge, who } = arrived(presentation);
      if (badge !== null) dispatch({ type: 'BadgeRemoved', badge, person: who?.id ?? null });
    }
    for (const reading of taps) {
      dispatch(reading.ok ? arrived(reading.presentation) : { type: 'BadgeRead', badge: null, standing: 'unreadable', who: null });
    }
  }

  #look(): void {
    const { report } = this;
    const { lying } = this.#cards;
    const isWatching = report.readers.some(({ state }) => state === 'ok');
    const presence = JSON.stringify([lying, isWatching]);
    if (presence !== this.#lastPresence) {
      this.#lastPresence = presence;
      const hashes = lying.flatMap((one) => this.#ports.arrived(one).badge ?? []);
      this.#ports.dispatch({ type: 'ReaderState', presence: { watching: isWatching, lying: hashes } });
    }
    const settled = this.#health.settled(report.state, this.#ports.clock.bootMs());
    if (settled !== null) this.#ports.note({ type: 'reader.state', body: { reader: report.name, state: settled } });
    const seen = JSON.stringify(report);
    if (seen !== this.#lastReport) {
      this.#lastReport = seen;
      this.#ports.changed();
    }
  }
}

function labelOf(name: string): string {
  return name.replace(UNPRINTABLE, '').trim().slice(0, LABEL_LIMIT) || 'Reader';
}
