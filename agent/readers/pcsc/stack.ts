/**
 * The agent's end of the PC/SC readers: starts the process that talks to the smart card service, hears whether it lives, and puts
 * another in its place when a driver hangs it. A hung reader must never hold up the seat: nothing here waits for one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { SeatLog } from '../../log.ts';
import type { ReaderEvents, ReaderStack } from '../port.ts';
import { leftAloneArgument } from './left-alone.ts';
import { LINE_LIMIT, PING, parseTold, type Told } from './messages.ts';

/** The process does little and keeps nothing. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=32'];
const TICK_MS = 250;
const PING_MS = 1_000;
/** The process was started and must have said something by then: a busy machine needs seconds. */
const START_LIMIT_MS = 20_000;
/** A ping is answered by then, or a driver holds the process. */
const PONG_LIMIT_MS = 5_000;
/** A card is read, or a reader answers, by then. Cards take 50 ms, cards that want a repetition a second. */
const CALL_LIMIT_MS = 3_000;
/** After a restart a reader that is not in view by then is not there any more. */
const IN_VIEW_MS = 1_500;
/** How long to wait before the next start: doubled each time, from the first to the last, in milliseconds. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 30_000;
/** A process that lived so long did not fail for the reason that the former one did, in milliseconds. */
const STABLE_MS = 60_000;
/** A process that was killed is gone by then. */
const END_LIMIT_MS = 1_000;
/** A gap this long between two ticks means that the agent itself was held up: nobody is blamed for it. */
const OWN_PAUSE_MS = 2_000;

export interface PcscOptions {
  /** Where the smart card service listens. */
  readonly socket: string;
  readonly log: SeatLog;
}

interface Life {
  readonly child: ChildProcess;
  readonly startedMs: number;
  /** When it last showed that its loop runs; null until its first word. */
  heardMs: number | null;
  pingedMs: number;
  readonly calls: Map<string, { readonly doing: 'reading' | 'probing'; readonly sinceMs: number }>;
  readonly inView: Set<string>;
  upMs: number | null;
  rest: string;
}

export class PcscStack implements ReaderStack {
  readonly #options: PcscOptions;
  readonly #events: ReaderEvents;
  readonly #ticker: NodeJS.Timeout;
  #life: Life | null = null;
  /** Readers that the seat believes to be there, across restarts. */
  readonly #known = new Set<string>();
  readonly #leftAlone = new Set<string>();
  #pauseMs = 0;
  #notBeforeMs = 0;
  #lastTickMs = performance.now();
  #isClosed = false;

  constructor(options: PcscOptions, events: ReaderEvents) {
    this.#options = options;
    this.#events = events;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#ticker.unref();
    this.#tick();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    const child = this.#life?.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    // A driver that holds it in the kernel lets it end later; nobody waits for that.
    await Promise.race([gone, setTimeout(END_LIMIT_MS, undefined, { ref: false })]);
  }

  #tick(): void {
    const now = performance.now();
    const heldUpMs = now - this.#lastTickMs;
    this.#lastTickMs = now;
    const life = this.#life;
    if (life === null) {
      if (now >= this.#notBeforeMs && existsSync(this.#options.socket)) this.#start(now);
      return;
    }
    if (now - life.pingedMs >= PING_MS) {
      life.pingedMs = now;
      life.child.stdin?.write(PING);
    }
    if (heldUpMs > OWN_PAUSE_MS) this.#forgive(life, now);
    else this.#judge(life, now);
  }

  #judge(life: Life, now: number): void {
    const stuck = [...life.calls].find(([, { sinceMs }]) => now - sinceMs >= CALL_LIMIT_MS);
    const silenceMs = now - (life.heardMs ?? life.startedMs);
    if (stuck !== undefined) this.#hang(stuck[0], stuck[1].doing);
    else if (silenceMs >= (life.heardMs === null ? START_LIMIT_MS : PONG_LIMIT_MS)) this.#hang(null, 'probing');
    if (life.upMs !== null && now - life.upMs >= IN_VIEW_MS) this.#allInView(life);
    if (now - life.startedMs >= STABLE_MS) this.#pauseMs = 0;
  }

  #forgive(life: Life, now: number): void {
    if (life.heardMs !== null) life.heardMs = now;
    for (const [reader, call] of life.calls) life.calls.set(reader, { ...call, sinceMs: now });
  }

  #allInView(life: Life): void {
    life.upMs = null;
    for (const reader of [...this.#known].filter((name) => !life.inView.has(name))) this.#unplugged(reader);
    if (this.#known.size === 0) this.#events.alive();
  }

  #start(now: number): void {
    const program = join(import.meta.dirname, `reader-program${extname(import.meta.filename)}`);
    const child = spawn(process.execPath, [...NODE_FLAGS, program, leftAloneArgument(this.#leftAlone)], {
      env: { PCSCLITE_CSOCK_NAME: this.#options.socket, MALLOC_ARENA_MAX: '1' },
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const life: Life = { child, startedMs: now, heardMs: null, pingedMs: now, calls: new Map(), inView: new Set(), upMs: null, rest: '' };
    this.#life = life;
    child.stdin.on('error', () => {
      // It ended; `exit` says so.
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#heard(life, text));
    child.once('error', (failure) => this.#options.log.error('the reader process could not be started', { failure }));
    child.once('close', (code, signal) => this.#ended(life, code, signal));
  }

  #heard(life: Life, text: string): void {
    if (this.#life !== life) return;
    life.heardMs = performance.now();
    const lines = (life.rest + text).split('\n');
    life.rest = (lines.pop() ?? '').slice(0, LINE_LIMIT);
    for (const line of lines) {
      const told = parseTold(line);
      if (told !== undefined) this.#take(life, told);
    }
  }

  #take(life: Life, told: Told): void {
    switch (told.is) {
      case 'pong':
        return;
      case 'service':
        life.upMs = told.up ? performance.now() : null;
        if (!told.up) {
          life.inView.clear();
          for (const reader of [...this.#known]) this.#unplugged(reader);
        }
        this.#events.service(told.up);
        return;
      case 'reader':
        if (!told.there) {
          life.inView.delete(told.reader);
          this.#unplugged(told.reader);
          return;
        }
        life.inView.add(told.reader);
        this.#known.add(told.reader);
        this.#events.plugged(told.reader, true);
        return;
      case 'empty':
        this.#leftAlone.delete(told.reader);
        this.#events.empty(told.reader);
        return;
      case 'read':
        this.#leftAlone.delete(told.reader);
        this.#events.read(told.reader, told.reading, told.first);
        return;
      case 'busy':
        life.calls.set(told.reader, { doing: told.doing, sinceMs: performance.now() });
        return;
      case 'done':
        if (life.calls.get(told.reader)?.doing === 'probing') this.#events.alive();
        life.calls.delete(told.reader);
        return;
    }
  }

  #unplugged(reader: string): void {
    this.#known.delete(reader);
    this.#leftAlone.delete(reader);
    this.#events.plugged(reader, false);
  }

  /** The process is held by a driver, a card or the service: it is ended, and another is started once it is gone. */
  #hang(reader: string | null, doing: 'reading' | 'probing'): void {
    const life = this.#life;
    if (life === null || life.child.killed) return;
    if (reader !== null && doing === 'reading') this.#leftAlone.add(reader);
    this.#options.log.warn('a badge reader does not answer; its stack is restarted', { reader, doing });
    this.#events.hung(reader, doing);
    life.child.kill('SIGKILL');
  }

  #ended(life: Life, code: number | null, signal: string | null): void {
    if (this.#life !== life) return;
    this.#life = null;
    if (this.#isClosed) return;
    this.#pauseMs = this.#pauseMs === 0 ? FIRST_PAUSE_MS : Math.min(this.#pauseMs * 2, LAST_PAUSE_MS);
    this.#notBeforeMs = performance.now() + this.#pauseMs;
    if (life.child.killed) return;
    this.#options.log.error('the reader process ended by itself', { code, signal, nextStartMs: this.#pauseMs });
    for (const reader of [...this.#known]) this.#unplugged(reader);
    this.#events.service(false);
  }
}
