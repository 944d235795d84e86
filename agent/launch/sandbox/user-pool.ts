/**
 * The users that sessions run as: each session has one to itself, and the next one in turn comes after it, so that what a session might
 * have left to its user is met as late as can be. Must never hand out a user of whom anything still lives.
 */
import { WardlockError } from '../../../core/errors/index.ts';
import type { AppUser } from '../port.ts';

export interface UserPoolPorts {
  /** Living processes of a user. */
  readonly living: (uid: number) => Promise<readonly number[]>;
  /** Ends whatever lives of a user; false when something does not end. */
  readonly end: (uid: number) => Promise<boolean>;
  /** Something of a user could not be ended; the user is then left out until it is gone. */
  readonly onLeft: (user: AppUser) => void;
}

export class UserPool {
  readonly #ports: UserPoolPorts;
  /** In the order of their turn. */
  #users: readonly AppUser[];
  readonly #taken = new Set<AppUser>();
  readonly #sweeps = new Set<Promise<void>>();

  constructor(users: readonly AppUser[], ports: UserPoolPorts) {
    this.#users = users;
    this.#ports = ports;
  }

  /**
   * The next free user.
   * @throws WardlockError `LAUNCH_LAYER_FAILED` when there is none: the session must then not be opened
   */
  async take(): Promise<AppUser> {
    // A person who comes right after another waits for what that one left, rather than being refused.
    if (this.#users.every((user) => this.#taken.has(user))) await Promise.all(this.#sweeps);
    for (const user of this.#users) {
      // Asked anew for each: another session may have taken it while the one before was looked at.
      if (this.#taken.has(user)) continue;
      this.#taken.add(user);
      if ((await this.#ports.living(user.uid)).length === 0) {
        this.#users = [...this.#users.filter((one) => one !== user), user];
        return user;
      }
      this.#taken.delete(user);
    }
    throw new WardlockError('LAUNCH_LAYER_FAILED', 'No user for applications is free: something of each still runs.');
  }

  /** Gives a user back whose session has ended. What still lives of it is ended first, in the background. */
  release(user: AppUser): void {
    const sweep = this.#sweep(user);
    this.#sweeps.add(sweep);
    void sweep.then(() => this.#sweeps.delete(sweep));
  }

  /** Resolves when nothing is being swept any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#sweeps);
  }

  async #sweep(user: AppUser): Promise<void> {
    const isClean = await this.#ports.end(user.uid).catch(() => false);
    // Free or not, whoever wants it looks again.
    this.#taken.delete(user);
    if (!isClean) this.#ports.onLeft(user);
  }
}
