/**
 * The agent's end of the program that keeps badge text from applications. Owns that process: starts it, hears whether it lives and puts
 * another in its place. It holds the keyboard while a key is down, so one that hangs is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { WardlockError } from '../../../core/errors/index.ts';
import type { WedgeRhythm } from '../../../core/reader/wedge.ts';
import { argumentsOf, LINE_LIMIT, PING, parseSaid } from './key-gate-words.ts';
import type { Surface } from './nested.ts';

/** The process does little and keeps nothing. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=32'];
/** It was started and must stand before the keys by then: a busy machine needs seconds. */
const READY_LIMIT_MS = 10_000;
const PING_MS = 2_000;
/** So many pings without an answer, and it hangs. */
const PINGS_UNANSWERED = 3;
/** One that ends more often than this cannot be helped by starting it again. */
const MAX_RESTARTS = 5;

export interface KeyGateOptions {
  readonly surface: Surface;
  /** The user of the screens; the caller's own where absent. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly rhythm: WedgeRhythm;
  /** What a reader typed, as it typed it; null for more than any badge has. */
  readonly onBadge: (number: string | null) => void;
  /** The key that leads to the session bar. */
  readonly onBar: () => void;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export class KeyGate {
  readonly #options: KeyGateOptions;
  #child: ChildProcess | undefined;
  #restarts = 0;
  #isOver = false;

  private constructor(options: KeyGateOptions) {
    this.#options = options;
  }

  /**
   * Resolves once it stands before the keys.
   * @throws WardlockError `OS_DISPLAY_FAILED`
   */
  static async open(options: KeyGateOptions): Promise<KeyGate> {
    const gate = new KeyGate(options);
    if (await gate.#start()) return gate;
    gate.end();
    throw new WardlockError('OS_DISPLAY_FAILED', 'The keys of applications could not be kept apart from those of a badge reader.');
  }

  /** The keys go to the window as they come. */
  end(): void {
    this.#isOver = true;
    this.#child?.kill('SIGKILL');
  }

  /** Whether it stands before the keys. */
  async #start(): Promise<boolean> {
    const { surface, user, rhythm, warn } = this.#options;
    const { display, xauthority, windowId } = surface;
    const program = join(import.meta.dirname, `key-gate-program${extname(import.meta.filename)}`);
    const child = spawn(process.execPath, [...NODE_FLAGS, program, ...argumentsOf(windowId, rhythm)], {
      env: { DISPLAY: display, MALLOC_ARENA_MAX: '1', ...(xauthority === undefined ? {} : { XAUTHORITY: xauthority }) },
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      ...(user === undefined ? {} : user),
    });
    this.#child = child;
    child.stdin.on('error', () => {
      // It ended; `close` says so.
    });
    const ready = Promise.withResolvers<boolean>();
    const late = setTimeout(() => child.kill('SIGKILL'), READY_LIMIT_MS);
    void ready.promise.then(() => clearTimeout(late));
    const heard = watch(child, () => warn('the program before the keys does not answer and is ended', {}));
    createInterface({ input: child.stdout }).on('line', (line) => {
      heard();
      const said = line.length > LINE_LIMIT ? undefined : parseSaid(line);
      if (said?.is === 'ready') ready.resolve(true);
      else if (said?.is === 'bar') this.#options.onBar();
      else if (said?.is === 'badge') this.#options.onBadge(said.number);
    });
    child.once('error', (failure) => warn('the program before the keys could not be started', { failure }));
    child.once('close', (code, signal) => {
      ready.resolve(false);
      this.#ended(code, signal);
    });
    return ready.promise;
  }

  #ended(code: number | null, signal: string | null): void {
    // A window that is gone has no keys: whoever offered it ends this, or offers another.
    if (this.#isOver || code === 0) return;
    this.#restarts += 1;
    if (this.#restarts > MAX_RESTARTS) this.#options.warn('the program before the keys keeps ending; a reader types into applications', {});
    else {
      this.#options.warn('the program before the keys ended and is started again', { code, signal });
      void this.#start();
    }
  }
}

/** Ends a process that answers no more; to be called with each word of it. */
function watch(child: ChildProcess, onHung: () => void): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    unanswered += 1;
    if (unanswered <= PINGS_UNANSWERED) child.stdin?.write(PING);
    else {
      onHung();
      child.kill('SIGKILL');
    }
  }, PING_MS);
  timer.unref();
  void once(child, 'close').then(
    () => clearInterval(timer),
    () => clearInterval(timer),
  );
  return () => {
    unanswered = 0;
  };
}
