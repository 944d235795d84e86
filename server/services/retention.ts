/**
 * How long the record is kept: what the newest signed policy says, six years where it says nothing. The server can't
 * shorten it by itself. It counts from when the server received an entry, whatever the seat's clock said.
 */

import { Value } from 'typebox/value';
import { parsePolicy } from '../../policies/parse.ts';
import { PolicyEnvelope } from '../../policies/schema.ts';
import type { Policies } from './policies.ts';

/** Six years with their leap days. */
export const DEFAULT_RETENTION_DAYS = 2192;
const DAY_MS = 86_400_000;

export interface Retention {
  readonly days: number;
  /** The version that says so; 0 without any policy. */
  readonly policyVersion: number;
}

export async function retentionOf(policies: Pick<Policies, 'latest'>): Promise<Retention> {
  const latest = await policies.latest();
  if (latest === null) return { days: DEFAULT_RETENTION_DAYS, policyVersion: 0 };
  const envelope: unknown = JSON.parse(latest.envelope.toString('utf8'));
  const text = Value.Check(PolicyEnvelope, envelope) ? Buffer.from(envelope.payload, 'base64').toString('utf8') : '';
  const parsed = parsePolicy(text, { comments: false });
  const days = parsed.ok ? (parsed.document.record?.retentionDays ?? DEFAULT_RETENTION_DAYS) : DEFAULT_RETENTION_DAYS;
  return { days, policyVersion: latest.version };
}

/** What was received before this time may go: whole months only, so that a month's key goes with the last of it. */
export function cutoffOf(now: number, { days }: Retention): number {
  const limit = new Date(now - days * DAY_MS);
  return Date.UTC(limit.getUTCFullYear(), limit.getUTCMonth(), 1);
}
