/**
 * The agent's end of the pipe to its two small programs: requests out, progress in, one JSON document a line. Parses
 * what it hears; a program that says something else has failed.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { AGENT_FD } from './layout.ts';
import { type Progress, readProgress } from './messages.ts';

/** A program that says nothing for so long will say nothing any more, in milliseconds: a busy machine needs a few seconds. */
const SILENT_LIMIT_MS = 30_000;
const LATE = 'late';

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly detail: string };

export class LinePipe {
  readonly #stream: Duplex;
  readonly #lines: string[] = [];
  #rest = '';
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(child: ChildProcess) {
    const stream = child.stdio[AGENT_FD];
    if (!(stream instanceof Duplex)) throw new TypeError('The program was started without its pipe to the agent.');
    this.#stream = stream;
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#take(text));
    // The other end is gone when the program has executed, has died or was killed in the middle of a word. All of them are the end.
    for (const end of ['end', 'close', 'error']) stream.on(end, () => this.#finish());
  }

  send(request: object): void {
    this.#stream.write(`${JSON.stringify(request)}\n`);
  }

  /** Waits until the program says `state`; anything else, silence included, is its failure. The caller ends a program that has failed. */
  async expect(state: Progress['state'], limitMs = SILENT_LIMIT_MS): Promise<Outcome> {
    const heard = await this.#hear(limitMs);
    if (heard === LATE) return { ok: false, detail: `the program did not say in time that it was ${state}` };
    if (heard === undefined) return { ok: false, detail: `the program ended before it was ${state}` };
    if (heard.state === 'failed') return { ok: false, detail: heard.detail };
    return heard.state === state ? { ok: true } : { ok: false, detail: `the program said ${heard.state} instead of ${state}` };
  }

  /** Waits until execve has closed the pipe. A failure is what the program says instead. */
  async expectSilence(): Promise<Outcome> {
    const heard = await this.#hear(SILENT_LIMIT_MS);
    if (heard === undefined) return { ok: true };
    if (heard === LATE) return { ok: false, detail: 'the program was not replaced in time' };
    return {
      ok: false,
      detail: heard.state === 'failed' ? heard.detail : `the program said ${heard.state} after it should have been replaced`,
    };
  }

  close(): void {
    this.#stream.destroy();
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#lines.push(...lines);
    this.#wake();
  }

  #finish(): void {
    this.#isOver = true;
    this.#wake();
  }

  async #hear(limitMs: number): Promise<Progress | typeof LATE | undefined> {
    const limit = AbortSignal.timeout(limitMs);
    const wake = (): void => this.#wake();
    limit.addEventListener('abort', wake);
    while (this.#lines.length === 0 && !this.#isOver && !limit.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    limit.removeEventListener('abort', wake);
    const line = this.#lines.shift();
    if (line !== undefined) return readProgress(line);
    return this.#isOver ? undefined : LATE;
  }
}

/** Resolves with how a child ended. */
export async function exitOf(child: ChildProcess): Promise<{ readonly exitCode: number | null; readonly signal: string | null }> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return { exitCode: child.exitCode, signal: child.signalCode };
}
