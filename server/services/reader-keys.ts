/**
 * The reader's keys, several at once: a new one is named in signed policy, old epochs stay readable with the old one, and
 * nothing is sealed again. It owns which key opens which epoch, and never lets a key out.
 */
import type { Kysely } from 'kysely';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { parseEpochBody, recipientKeyId } from '../../core/audit/epoch.ts';
import { type AuditCrypto, entryBody, openEpochSecret, parseHeader, toHex } from '../../core/audit/index.ts';
import type { Tables } from '../store/schema.ts';
import type { LogName } from './logs.ts';

const READ_WITH = 'reader.keys';
const KeyIds = Type.Array(Type.String({ pattern: '^[0-9a-f]{16}$' }));

export interface KeyRing {
  /** As they stand in epochs: SHA-256 of the public key, cut to 8 bytes, in hexadecimal. */
  readonly ids: readonly string[];
  /** Null when no key here opens it. */
  secretOf(epochEntry: Uint8Array): Uint8Array | null;
  /** Where a key is new to this index, forgets the logs that hold unread epochs, so that they are read again. */
  settle(db: Kysely<Tables>, forget: (logs: readonly LogName[]) => Promise<void>): Promise<void>;
}

/** The id of a recipient's public key as epochs carry it. */
export function keyIdOf(crypto: Pick<AuditCrypto, 'sha256'>, publicKey: Uint8Array): string {
  return toHex(recipientKeyId(crypto, publicKey));
}

export function openKeyRing(crypto: AuditCrypto, keys: readonly Uint8Array[]): KeyRing {
  const ring = new Map(keys.map((key) => [keyIdOf(crypto, crypto.hpkePublicKey(key)), key]));
  const ids = [...ring.keys()];
  return {
    ids,
    secretOf: (entry) => {
      const header = parseHeader(entry);
      for (const { keyId } of parseEpochBody(entryBody(entry)).envelopes) {
        const key = ring.get(toHex(keyId));
        const opened = key === undefined ? null : openEpochSecret(crypto, entry, header, key);
        if (opened?.outcome === 'opened') return opened.secret;
      }
      return null;
    },
    settle: async (db, forget) => {
      const row = await db.selectFrom('settings').select('value').where('key', '=', READ_WITH).executeTakeFirst();
      const before: unknown = row === undefined ? [] : JSON.parse(row.value);
      const known = Value.Check(KeyIds, before) ? before : [];
      if (ids.every((id) => known.includes(id))) return;
      const unread = await db.selectFrom('index_cursors').select(['workstation_id', 'incarnation']).where('unreadable', '>', 0).execute();
      await forget(unread.map((log) => ({ workstationId: log.workstation_id, incarnation: log.incarnation })));
      const value = JSON.stringify([...new Set([...known, ...ids])]);
      await db
        .insertInto('settings')
        .values({ key: READ_WITH, value })
        .onConflict((c) => c.column('key').doUpdateSet({ value }))
        .execute();
    },
  };
}
