/**
 * Picks the vault: the session keychain where one works, the service manager's credential where it gave one, else a
 * root-only file. Owns that choice and keeps to it: a seat whose vault changed under it must say so, not make new keys.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '../../core/audit/bytes.ts';
import type { AuditCrypto } from '../../core/audit/crypto.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { isMissing, readSecretFile, replaceSecretFile } from './durable-file.ts';
import { fileVault } from './file-vault.ts';
import { keychainVault } from './keychain-vault.ts';
import { secretBox } from './secret-box.ts';
import type { KeyProtectionKind, KeyVault } from './vault.ts';

/** Name of the credential that the agent's unit loads (`LoadCredentialEncrypted=`). */
export const CREDENTIAL_NAME = 'wardlock-vault';

export interface VaultOptions {
  /** Folder for key files; only the agent's user may enter it. */
  readonly dir: string;
  /** Name of this seat in the keychain. */
  readonly service: string;
  readonly crypto: AuditCrypto;
  /** False where a keychain is not to be asked, such as in tests of other parts. */
  readonly keychain: boolean;
  /** `$CREDENTIALS_DIRECTORY` of systemd. */
  readonly credentialsDirectory: string | undefined;
}

export async function openVault(options: VaultOptions): Promise<KeyVault> {
  const plain = await fileVault(options.dir);
  const chosen = await readChoice(options.dir);
  if (chosen !== undefined && chosen !== 'file') {
    const same = chosen === 'keychain' ? await keychainVault(options.service) : await credentialVault(options);
    if (same !== undefined) return same;
    throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', `This seat keeps its keys in the ${chosen}, which does not answer now.`);
  }
  if (chosen === 'file') return plain;
  const vault = (options.keychain ? await keychainVault(options.service) : undefined) ?? (await credentialVault(options)) ?? plain;
  await replaceSecretFile(choicePath(options.dir), utf8(vault.protection.protection));
  return vault;
}

function choicePath(dir: string): string {
  return join(dir, 'vault-kind');
}

async function readChoice(dir: string): Promise<KeyProtectionKind | undefined> {
  const stored = readSecretFile(choicePath(dir));
  if (stored === undefined) return undefined;
  const kind = new TextDecoder().decode(stored);
  if (kind === 'keychain' || kind === 'credential' || kind === 'file') return kind;
  throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'The note of where this seat keeps its keys is damaged.');
}

async function credentialVault(options: VaultOptions): Promise<KeyVault | undefined> {
  if (options.credentialsDirectory === undefined) return undefined;
  try {
    const credential = await readFile(join(options.credentialsDirectory, CREDENTIAL_NAME));
    const key = options.crypto.hkdf(credential, utf8('wardlock vault'), utf8('credential'));
    return await fileVault(options.dir, secretBox(options.crypto, key));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
