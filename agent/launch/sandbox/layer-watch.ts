/**
 * Whether a session can still be shut in on a seat where it could be at the start. One session that could not says nothing yet: a
 * trial of every layer decides, and is repeated until it works again. Never calls a layer back that was not tried.
 */
import type { LaunchLog } from '../port.ts';

/** Between two trials while a layer is lost, in milliseconds. */
const TRIAL_PAUSE_MS = 5_000;

export interface LayerWatchPorts {
  /** Tries every layer: why a session can't be shut in, `undefined` when it can. `null` when it could not be tried now. */
  readonly trial: () => Promise<string | undefined | null>;
  readonly log: LaunchLog;
}

export class LayerWatch {
  readonly #ports: LayerWatchPorts;
  #lost: string | undefined;
  #trying: Promise<void> | undefined;
  #isClosed = false;
  #next: NodeJS.Timeout | undefined;

  constructor(ports: LayerWatchPorts) {
    this.#ports = ports;
  }

  /** Why no session can be shut in; `undefined` while one can. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** A session could not be shut in. */
  suspect(): void {
    if (!this.#isClosed && this.#trying === undefined && this.#next === undefined) this.#begin();
  }

  /** Resolves when no trial runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#next);
    await this.#trying;
  }

  #begin(): void {
    this.#next = undefined;
    this.#trying = this.#try().finally(() => {
      this.#trying = undefined;
    });
  }

  async #try(): Promise<void> {
    const { trial, log } = this.#ports;
    const failure = await trial();
    if (failure !== null && failure !== this.#lost) {
      if (failure === undefined) log('info', 'Sessions can be shut in again.');
      else log('error', 'Sessions can not be shut in any more, so nothing is started.', { cause: failure });
      this.#lost = failure;
    }
    if (failure !== undefined && !this.#isClosed) this.#next = setTimeout(() => this.#begin(), TRIAL_PAUSE_MS);
  }
}
