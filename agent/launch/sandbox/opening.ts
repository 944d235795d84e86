/**
 * A sandbox on its way. Nothing of it exists before what it may read is known, which can take a minute: whoever ends the session
 * before that waits for nothing. It must never set anything up after it was given up.
 */
export interface SandboxSteps<Sandbox> {
  /** What must be known first; nothing of the session exists meanwhile. */
  readonly survey: () => Promise<unknown>;
  readonly setUp: () => Promise<Sandbox>;
  readonly onFailed: (cause: unknown) => void;
}

export class SandboxOpening<Sandbox> {
  /** Settles when the sandbox is ready; `undefined` when a step failed, which was then told, and when it was given up. */
  readonly sandbox: Promise<Sandbox | undefined>;
  readonly #givenUp = Promise.withResolvers<undefined>();
  #state: 'surveying' | 'begun' | 'given up' = 'surveying';

  constructor(steps: SandboxSteps<Sandbox>) {
    this.sandbox = Promise.race([this.#open(steps), this.#givenUp.promise]);
  }

  /** For a session that ends: gives up what has not begun. Whatever has begun must be waited for, and then ended. */
  giveUp(): void {
    if (this.#state !== 'surveying') return;
    this.#state = 'given up';
    this.#givenUp.resolve(undefined);
  }

  async #open({ survey, setUp, onFailed }: SandboxSteps<Sandbox>): Promise<Sandbox | undefined> {
    try {
      await survey();
      if (this.#state === 'given up') return undefined;
      this.#state = 'begun';
      return await setUp();
    } catch (cause) {
      if (this.#state !== 'given up') onFailed(cause);
      return undefined;
    }
  }
}
