/** What the agent uses of key storage: the vault, seeds, boxes and the slot of epoch keys. */
export { type EpochKeyFile, type EpochSeed, epochKeyFile } from './epoch-key-file.ts';
export { CREDENTIAL_NAME, openVault, type VaultOptions } from './open-vault.ts';
export { type SecretBox, secretBox } from './secret-box.ts';
export { loadSeed, type SeedName } from './seeds.ts';
export { type KeyProtection, type KeyProtectionKind, type KeyVault, keyOf, keyProtections } from './vault.ts';
