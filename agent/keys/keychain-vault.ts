/**
 * The vault in the session keychain (keytar). Owns the probe that decides whether one works; must never be used unprobed,
 * because a locked keyring answers "no such key" and a missing bus may never answer.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WardlockError } from '../../core/errors/index.ts';
import { type KeyVault, keyProtections, VAULT_KEY_BYTES } from './vault.ts';

const PROBE_LIMIT_MS = 5000;
const CALL_LIMIT_MS = 5000;

/** The keychain as a vault, or `undefined` when none answers: written and read back by a child process under a time limit. */
export async function keychainVault(service: string): Promise<KeyVault | undefined> {
  if (!(await probe(service))) return undefined;
  const { default: keytar } = await import('keytar');
  return {
    protection: keyProtections.keychain,
    async read(name) {
      const text = await limited(keytar.getPassword(service, name));
      if (text === null) return undefined;
      const key = new Uint8Array(Buffer.from(text, 'base64'));
      if (key.length !== VAULT_KEY_BYTES) {
        throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', `The keychain holds something else under ${name}.`);
      }
      return key;
    },
    async write(name, key) {
      await limited(keytar.setPassword(service, name, Buffer.from(key).toString('base64')));
    },
    async remove(name) {
      await limited(keytar.deletePassword(service, name));
    },
  };
}

function probe(service: string): Promise<boolean> {
  const program = fileURLToPath(new URL('./keychain-probe.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [program, service], { timeout: PROBE_LIMIT_MS, killSignal: 'SIGKILL' }, (error) => resolve(error === null));
  });
}

async function limited<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'The keychain did not answer.')), CALL_LIMIT_MS);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
