/** Opens the vault as the agent does, and reads and writes keys in it. Test program only. Arguments: folder, service, and what to do. */
import { openVault } from '../../agent/keys/index.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';

const [dir = '', service = '', act = ''] = process.argv.slice(2);
try {
  const vault = await openVault({
    dir,
    service,
    crypto: nodeCrypto,
    keychain: true,
    credentialsDirectory: process.env['CREDENTIALS_DIRECTORY'],
  });
  if (act === 'write') await vault.write('pin', new Uint8Array(32).fill(7));
  if (act === 'remove') await vault.remove('pin');
  const key = await vault.read('pin');
  process.stdout.write(`${vault.protection.protection} ${key === undefined ? 'none' : Buffer.from(key).toString('hex')}\n`);
} catch (error) {
  process.stdout.write(`${isWardlockError(error) ? error.code : String(error)}\n`);
}
