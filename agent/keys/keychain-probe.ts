/**
 * Runs in a process of its own: writes a value to the session keychain and reads it back. Exits 0 only when it came back
 * the same. Without a bus `set` can hang for ever, so the parent kills this process after a time limit.
 */
import { randomBytes } from 'node:crypto';
import keytar from 'keytar';

const [service = 'wardlock'] = process.argv.slice(2);
const account = `probe-${randomBytes(8).toString('hex')}`;
const value = randomBytes(16).toString('hex');
await keytar.setPassword(service, account, value);
const back = await keytar.getPassword(service, account);
await keytar.deletePassword(service, account);
process.exit(back === value ? 0 : 1);
