/**
 * The site's own keys, one file each in the state folder: made once, never in the database. It owns which keys exist;
 * what they sign is the business of the services.
 */
import { join } from 'node:path';
import type { AuditCrypto, Signer } from '../../core/audit/crypto.ts';
import { makeStateFolder, readOrMake } from '../../crypto/secret-files.ts';
import { type SecretBox, secretBox } from './secret-box.ts';

const KEY_BYTES = 32;

export interface SiteKeys {
  /** Signs the directory. */
  readonly directory: Signer;
  /** Cosigns pinned checkpoints. */
  readonly witness: Signer;
  /** Cosigns what is stored and verified: receipts. */
  readonly mirror: Signer;
  /** Signs the checkpoints of the log of logs. */
  readonly log: Signer;
  /** HMAC key of badge numbers; goes to every enrolled seat inside the sealed directory. */
  readonly badgeKey: Buffer;
  /** X25519 private key, 32 bytes: what seats tell of people is sealed to it. */
  readonly newsSeed: Uint8Array;
  readonly box: SecretBox;
}

export function openSiteKeys(folder: string, crypto: AuditCrypto): SiteKeys {
  makeStateFolder(folder);
  const secret = (name: string): Buffer => readOrMake(join(folder, `${name}.key`), () => crypto.random(KEY_BYTES));
  return {
    directory: crypto.signer(secret('directory')),
    witness: crypto.signer(secret('witness')),
    mirror: crypto.signer(secret('mirror')),
    log: crypto.signer(secret('log')),
    badgeKey: secret('badge'),
    newsSeed: secret('news'),
    box: secretBox(secret('storage')),
  };
}
