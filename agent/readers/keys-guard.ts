/**
 * Keyboard readers in the windows of native applications: what one types there is a badge that was held up, and no text. Owns the form
 * of the number; which keys are a reader's the guard itself decides, by the rhythm that held when the session began.
 */
import { Compile } from 'typebox/compile';
import { BadgeNumber } from '../../contract/scalars.ts';
import type { SeatLog } from '../log.ts';
import type { AgentOptions } from '../options.ts';
import { KeyGate } from '../os/display/key-gate.ts';
import type { Surface } from '../os/display/nested.ts';
import type { ReaderRules } from './rules.ts';

export interface KeysGuardParts {
  /** With the user of the screens; null where everything runs as one user. */
  readonly options: Pick<AgentOptions, 'ui'>;
  readonly rules: () => ReaderRules;
  /** Null for more than any badge has. */
  readonly read: (number: string | null) => void;
  /** Somebody asked for the session bar. */
  readonly bar: () => void;
  readonly log: SeatLog;
}

const badgeNumber = Compile(BadgeNumber);

export function keysGuard({ options, rules, read, bar, log }: KeysGuardParts): (surface: Surface) => Promise<KeyGate> {
  return (surface) =>
    KeyGate.open({
      surface,
      ...(options.ui === null ? {} : { user: { uid: options.ui.uid, gid: options.ui.gid } }),
      rhythm: rules().wedge,
      onBar: bar,
      warn: (message, fields) => log.warn(message, fields),
      onBadge(number) {
        // The contract's form: upper case, as PC/SC readers give it, whatever the scanner's keyboard is set to.
        const badge = number?.toUpperCase() ?? null;
        if (badge === null || badgeNumber.Check(badge)) read(badge);
        else log.warn('a reader typed what is no number of a badge', {});
      },
    });
}
