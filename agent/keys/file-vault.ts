/**
 * The vault of last resort and the one under a systemd credential: one file per key in a folder that only the agent's user
 * enters. With a credential each file is sealed under it; without, the file is the key.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WardlockError } from '../../core/errors/index.ts';
import { destroySecretFile, readSecretFile, replaceSecretFile } from './durable-file.ts';
import type { SecretBox } from './secret-box.ts';
import { type KeyVault, keyProtections, VAULT_KEY_BYTES } from './vault.ts';

const PRIVATE_FOLDER = 0o700;
const NAME = /^[a-z][a-z0-9-]{0,40}$/;

/** @param box seals each key under the service manager's credential; without it keys lie in the files as they are */
export async function fileVault(dir: string, box?: SecretBox): Promise<KeyVault> {
  await mkdir(dir, { recursive: true, mode: PRIVATE_FOLDER });
  const { mode } = await stat(dir);
  if ((mode & 0o077) !== 0) {
    throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', `Others may enter ${dir}. Take their rights away: chmod 700.`);
  }
  const pathOf = (name: string): string => {
    if (!NAME.test(name)) throw new WardlockError('AUDIT_INPUT_MALFORMED', 'The name of a vault key is malformed.');
    return join(dir, `${name}.key`);
  };
  return {
    protection: keyProtections[box === undefined ? 'file' : 'credential'],
    async read(name) {
      const stored = readSecretFile(pathOf(name));
      // Zeros are a key whose destruction a crash cut short.
      if (stored === undefined || stored.every((byte) => byte === 0)) return undefined;
      const key = box === undefined ? stored : box.open(stored, `vault ${name}`);
      if (key?.length !== VAULT_KEY_BYTES) {
        throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', `The key file ${name} is damaged or of another seat.`);
      }
      return key;
    },
    async write(name, key) {
      await replaceSecretFile(pathOf(name), box === undefined ? key : box.seal(key, `vault ${name}`));
    },
    async remove(name) {
      await destroySecretFile(pathOf(name));
    },
  };
}
