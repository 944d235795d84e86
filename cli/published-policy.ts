/** The policy that a site published last, read from its envelope on the server's own machine: its signature was checked when it came. */
import { Value } from 'typebox/value';
import { parsePolicy } from '../policies/parse.ts';
import { type PolicyDocument, PolicyEnvelope } from '../policies/schema.ts';

export function publishedPolicy(envelope: Buffer | null): PolicyDocument | null {
  const value: unknown = envelope === null ? null : JSON.parse(envelope.toString('utf8'));
  if (!Value.Check(PolicyEnvelope, value)) return null;
  const parsed = parsePolicy(Buffer.from(value.payload, 'base64').toString('utf8'), { comments: false });
  return parsed.ok ? parsed.document : null;
}

/**
 * Roles that this policy does not have, as a line to warn with; null where it has all of them. They may come with the next policy, so
 * nothing is refused; but a misspelt one looks right on the staff list.
 */
export function unknownRoles(roles: readonly string[], policy: PolicyDocument | null): string | null {
  if (policy === null) return null;
  const known = new Set(policy.roles.map(({ id }) => id));
  const unknown = [...new Set(roles)].filter((role) => !known.has(role));
  if (unknown.length === 0) return null;
  return `Policy version ${policy.version} has no role ${unknown.join(', ')}. If that is misspelt, give the right one: ${[...known].join(', ')}.`;
}
