/** Who can open the log, as the policy names them. It compares and converts; the store checks the keys. */
import type { Recipient } from '../../core/audit/index.ts';
import type { PolicyDocument } from '../../policies/schema.ts';

export type LogRecipient = Recipient;

export function recipientsOf(document: PolicyDocument): readonly LogRecipient[] {
  return document.recipients.map(({ role, publicKey }) => ({ role, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64')) }));
}

export function sameRecipients(a: readonly LogRecipient[], b: readonly LogRecipient[]): boolean {
  const names = (list: readonly LogRecipient[]): string =>
    list
      .map(({ role, publicKey }) => `${role} ${Buffer.from(publicKey).toString('base64')}`)
      .sort()
      .join('\n');
  return names(a) === names(b);
}
