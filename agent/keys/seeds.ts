/**
 * The seat's long-lived private keys: the log key (Ed25519) and the sealing key (X25519), each a seed of 32 bytes in a box
 * under a vault key. Owns making, reading and naming them; they leave as seeds only to the handle that uses them.
 */
import { join } from 'node:path';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { readSecretFile, replaceSecretFile } from './durable-file.ts';
import { secretBox } from './secret-box.ts';
import { type KeyVault, keyOf } from './vault.ts';

export type SeedName = 'log-key' | 'sealing-key';
const SEEDS_KEY = 'seeds';
const SEED_BYTES = 32;

/** The seed of this name, made and stored at first use; throws AUDIT_KEYS_UNAVAILABLE when it is there and can't be opened. */
export async function loadSeed(dir: string, name: SeedName, vault: KeyVault, crypto: AuditCrypto): Promise<Uint8Array> {
  const path = join(dir, `${name}.box`);
  const stored = readSecretFile(path);
  const wrapping = stored === undefined ? await keyOf(vault, SEEDS_KEY, crypto.random) : await vault.read(SEEDS_KEY);
  if (wrapping === undefined) throw lost(name);
  const box = secretBox(crypto, wrapping);
  wrapping.fill(0);
  if (stored !== undefined) {
    const seed = box.open(stored, name);
    if (seed?.length !== SEED_BYTES) throw lost(name);
    return seed;
  }
  const seed = crypto.random(SEED_BYTES);
  await replaceSecretFile(path, box.seal(seed, name));
  return seed;
}

function lost(name: SeedName): WardlockError {
  return new WardlockError(
    'AUDIT_KEYS_UNAVAILABLE',
    `The ${name} of this seat can't be opened any more. Enrol the seat again; its old log still verifies.`,
  );
}
