/** Who must be able to open a log: a rule of its own, because the store and whoever opens it ask for it before anything is written. */
import { toHex } from '../../core/audit/bytes.ts';
import type { Recipient } from '../../core/audit/epoch.ts';
import { WardlockError } from '../../core/errors/index.ts';

/** At least one who reads and one who keeps the key in a safe (AUDIT_RECIPIENTS_MISSING otherwise). */
export function checkRecipients(recipients: readonly Recipient[]): void {
  const roles = new Set(recipients.map(({ role }) => role));
  const keys = new Set(recipients.map(({ publicKey }) => toHex(publicKey)));
  if (roles.size < 2 || keys.size !== recipients.length) {
    throw new WardlockError('AUDIT_RECIPIENTS_MISSING', 'The log needs an audit reader and an escrow, each with a key of its own.');
  }
}
