/**
 * Where the seat's wrapping keys live: the session's keychain, a systemd credential, or a root-only file. Owns the port and
 * what each kind does and does not protect against; must never hold a key longer than its caller needs it.
 */
export type KeyProtectionKind = 'keychain' | 'credential' | 'file';

/** Which protection is in force, and in plain words what it does not protect against. Shown by `doctor` and on the seat. */
export interface KeyProtection {
  readonly protection: KeyProtectionKind;
  readonly meaning: string;
}

/** Named secrets of 32 bytes. */
export interface KeyVault {
  readonly protection: KeyProtection;
  /** `undefined` when the vault works and holds no such key; throws AUDIT_KEYS_UNAVAILABLE when it can't be read. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Durable when it resolves. */
  write(name: string, key: Uint8Array): Promise<void>;
  /** Gone as far as the vault can do that; see `protection`. */
  remove(name: string): Promise<void>;
}

export const VAULT_KEY_BYTES = 32;

export const keyProtections: Readonly<Record<KeyProtectionKind, KeyProtection>> = {
  keychain: {
    protection: 'keychain',
    meaning: 'Keys are in the session keychain. They are safe on a stolen disk; not against root on the running seat.',
  },
  credential: {
    protection: 'credential',
    meaning:
      'Keys are sealed with a credential of the service manager. They are safe on a stolen disk only if that credential is bound to a TPM; not against root.',
  },
  file: {
    protection: 'file',
    meaning:
      'Keys are in a file that only the agent can read. They are safe from other users of the seat; not on a stolen disk and not against root. Past events stay sealed all the same.',
  },
};

/** The key under this name, made at first use. */
export async function keyOf(vault: KeyVault, name: string, random: (length: number) => Uint8Array): Promise<Uint8Array> {
  const known = await vault.read(name);
  if (known !== undefined) return known;
  const fresh = random(VAULT_KEY_BYTES);
  await vault.write(name, fresh);
  return fresh;
}
