/** A private key as a person keeps it, in a file of the product's own form. Test data only. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCrypto } from '../../crypto/index.ts';

/** Writes `<kind>.key` into a folder; answers its path. */
export function keyFile(kind: 'reader' | 'escrow', key: Uint8Array, folder: string): string {
  const path = join(folder, `${kind}.key`);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const file = { schema: 'wardlock-private-key/1', kind, privateKey: text(key), publicKey: text(nodeCrypto.hpkePublicKey(key)) };
  writeFileSync(path, JSON.stringify(file), { mode: 0o600 });
  return path;
}
