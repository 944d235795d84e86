/**
 * The words of `npm start`: what it takes and what it says about them. Unknown words are refused, because a misspelt
 * option would do something else than was asked.
 */
import { parseArgs } from 'node:util';
import { WardlockError } from '../core/errors/index.ts';

export interface DemoOptions {
  readonly once: boolean;
  readonly stateDir: string;
  readonly help: boolean;
}

export const USAGE = `Usage: npm start -- [--once] [--state DIR]

Opens a clinic: a server, one enrolled seat, staff with badges and PINs, a signed policy and a few allowed programs.
With a display the seat opens in a practice window that anyone can close. Without one it runs under Xvfb and plays a
short shift by itself, with a picture of every screen.

  --once        play the shift, print the auditor's story, verify the log, end; exit 0 only if every step truly happened
  --state DIR   keep everything in DIR: seat/, server/, site/ (keys, policy, exports), screens/, logs/ (default: .wardlock in the checkout)
  --help        this text
`;

/** @throws WardlockError START_USAGE */
export function parseOptions(args: readonly string[], defaultState: string): DemoOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { once: { type: 'boolean' }, state: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    return { once: values.once ?? false, stateDir: values.state ?? defaultState, help: values.help ?? false };
  } catch (cause) {
    throw new WardlockError('START_USAGE', `${cause instanceof Error ? cause.message : String(cause)}. See npm start -- --help.`, {
      cause,
    });
  }
}
