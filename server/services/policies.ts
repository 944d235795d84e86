/**
 * Published policy: takes an envelope that one of the site's policy keys signed, newer than any before it, and keeps it
 * for ever. The server can't write policy: it holds public keys only.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { parsePolicy, refusalCode } from '../../policies/parse.ts';
import type { PolicyDocument, PolicyEnvelope } from '../../policies/schema.ts';
import { lockInTransaction } from '../store/engine.ts';
import type { Tables } from '../store/schema.ts';
import type { Changes } from './changes.ts';
import type { RefusedPeers } from './refused-peers.ts';
import type { ServerLog } from './server-log.ts';

const POLICY_KEYS = 'policy.keys';
const Versioned = Type.Object({ version: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) });

export interface PublishedPolicy {
  readonly version: number;
  readonly envelope: Buffer;
}

export interface Policies {
  /** Trusts these Ed25519 public keys from now on; they go to every seat that enrols. */
  trust(keys: readonly Buffer[]): Promise<void>;
  keys(): Promise<Buffer[]>;
  latest(): Promise<PublishedPolicy | null>;
  version(): Promise<number>;
  /** @throws WardlockError POLICY_UNSIGNED, POLICY_MALFORMED, POLICY_WRONG_TENANT, POLICY_EMPTY, POLICY_EXPIRED, POLICY_OLDER */
  publish(envelope: PolicyEnvelope, actor: string): Promise<{ readonly version: number }>;
}

interface PolicyParts {
  readonly db: Kysely<Tables>;
  readonly tenant: string;
  readonly crypto: AuditCrypto;
  readonly changes: Pick<Changes, 'bump' | 'wake'>;
  readonly log: ServerLog;
  readonly refused: Pick<RefusedPeers, 'note'>;
  readonly now: () => number;
}

export function openPolicies(parts: PolicyParts): Policies {
  const { db, changes, log, refused } = parts;
  const keys = async (within = db): Promise<Buffer[]> => {
    const row = await within.selectFrom('settings').select('value').where('key', '=', POLICY_KEYS).executeTakeFirst();
    return row === undefined || row.value === '' ? [] : row.value.split(' ').map((key) => Buffer.from(key, 'base64'));
  };
  const accept = async (envelope: PolicyEnvelope, actor: string): Promise<{ readonly version: number }> => {
    const payload = Buffer.from(envelope.payload, 'base64');
    if (!isSigned(parts.crypto, await keys(), envelope)) throw new WardlockError('POLICY_UNSIGNED');
    const policy = readPolicy(parts, payload);
    const bytes = Buffer.from(JSON.stringify(envelope));
    await db.transaction().execute(async (transaction) => {
      await lockInTransaction(transaction, 'policy');
      const newest = await transaction.selectFrom('policies').select('version').orderBy('version', 'desc').limit(1).executeTakeFirst();
      const inForce = Number(newest?.version ?? 0);
      if (policy.version <= inForce) {
        throw new WardlockError(
          'POLICY_OLDER',
          `Version ${policy.version} is not newer than ${inForce}, which is published. Raise the version and sign again.`,
        );
      }
      const sha256 = createHash('sha256').update(payload).digest('hex');
      await transaction
        .insertInto('policies')
        .values({ version: policy.version, sha256, envelope: bytes, published_at: parts.now() })
        .execute();
      await changes.bump(transaction, 'policy');
      await log.append({ type: 'policy.published', actor, body: { version: policy.version, sha256 } }, transaction);
    });
    changes.wake();
    return { version: policy.version };
  };
  return {
    keys: () => keys(),
    trust: async (given) => {
      for (const key of given) parts.crypto.verifier(key);
      await db.transaction().execute(async (transaction) => {
        await lockInTransaction(transaction, 'settings');
        const all = new Set([...(await keys(transaction)), ...given].map((key) => key.toString('base64')));
        const value = [...all].join(' ');
        await transaction
          .insertInto('settings')
          .values({ key: POLICY_KEYS, value })
          .onConflict((c) => c.column('key').doUpdateSet({ value }))
          .execute();
      });
    },
    latest: async () => {
      const row = await db.selectFrom('policies').select(['version', 'envelope']).orderBy('version', 'desc').limit(1).executeTakeFirst();
      return row === undefined ? null : { version: Number(row.version), envelope: Buffer.from(row.envelope) };
    },
    version: async () => {
      const row = await db
        .selectFrom('policies')
        .select((eb) => eb.fn.max('version').as('version'))
        .executeTakeFirst();
      return Number(row?.version ?? 0);
    },
    publish: async (envelope, actor) => {
      try {
        return await accept(envelope, actor);
      } catch (refusal) {
        if (isWardlockError(refusal)) {
          const { code } = refusal;
          // Strangers may offer as many as they like, and whoever has an old one that was signed.
          await refused.note(actor, code, (total) => ({
            type: 'policy.refused',
            actor,
            body: { code, version: versionOf(envelope), total },
          }));
        }
        throw refusal;
      }
    },
  };
}

/** What the envelope calls itself, signed or not; null where it says no number. */
function versionOf({ payload }: PolicyEnvelope): number | null {
  try {
    const named: unknown = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
    return Value.Check(Versioned, named) ? named.version : null;
  } catch {
    return null;
  }
}

function isSigned(crypto: AuditCrypto, keys: readonly Buffer[], envelope: PolicyEnvelope): boolean {
  if (keys.length === 0) throw new WardlockError('SERVER_POLICY_KEY_MISSING');
  const signed = preAuthenticationEncoding(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
  return keys.some((key) => {
    const keyid = createHash('sha256').update(key).digest('hex');
    return envelope.signatures.some(
      ({ keyid: named, sig }) => named === keyid && crypto.verifier(key).verify(signed, Buffer.from(sig, 'base64')),
    );
  });
}

function readPolicy({ tenant, now }: PolicyParts, payload: Buffer): PolicyDocument {
  const parsed = parsePolicy(payload.toString('utf8'), { comments: false });
  if (!parsed.ok) {
    const [first] = parsed.problems;
    throw new WardlockError(
      refusalCode(parsed.problems),
      `${first?.path || 'The policy'}: ${first?.message ?? 'does not fit'} (line ${first?.line ?? 1}, column ${first?.column ?? 1})`,
    );
  }
  const policy = parsed.document;
  if (policy.tenant !== tenant)
    throw new WardlockError('POLICY_WRONG_TENANT', `The policy is for ${policy.tenant}; this site is ${tenant}.`);
  if (Date.parse(policy.expiresAt) <= now()) throw new WardlockError('POLICY_EXPIRED', `The policy expired at ${policy.expiresAt}.`);
  return policy;
}
