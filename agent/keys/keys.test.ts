/** Vaults, boxes, seeds and the slot of epoch keys, on real files. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { epochKeyFile } from './epoch-key-file.ts';
import { fileVault } from './file-vault.ts';
import { CREDENTIAL_NAME, keyOf, loadSeed, openVault, secretBox } from './index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wardlock-keys-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const vaultAt = (folder: string, credentialsDirectory?: string) =>
  openVault({ dir: folder, service: 'wardlock-test', crypto: nodeCrypto, keychain: false, credentialsDirectory });
const unavailable = expect.objectContaining({ code: 'AUDIT_KEYS_UNAVAILABLE' });

describe('the file vault', () => {
  test('keeps a key for its owner alone, and says what it does not protect against', async () => {
    const vault = await vaultAt(join(dir, 'v'));
    const key = await keyOf(vault, 'pin', nodeCrypto.random);
    expect(await keyOf(vault, 'pin', nodeCrypto.random)).toEqual(key);
    expect(statSync(join(dir, 'v', 'pin.key')).mode & 0o777).toBe(0o600);
    expect(vault.protection.protection).toBe('file');
    expect(vault.protection.meaning).toContain('not on a stolen disk');
    await vault.remove('pin');
    await vault.remove('pin');
    expect(await vault.read('pin')).toBeUndefined();
  });

  test('a folder that others may enter is refused', async () => {
    mkdirSync(join(dir, 'open'));
    chmodSync(join(dir, 'open'), 0o755);
    await expect(fileVault(join(dir, 'open'))).rejects.toEqual(unavailable);
  });

  test('a key file of a wrong size or a name that is a path is refused', async () => {
    const vault = await vaultAt(join(dir, 'v'));
    writeFileSync(join(dir, 'v', 'pin.key'), 'short');
    await expect(vault.read('pin')).rejects.toEqual(unavailable);
    await expect(vault.read('../pin')).rejects.toMatchObject({ code: 'AUDIT_INPUT_MALFORMED' });
    writeFileSync(join(dir, 'v', 'pin.key'), Buffer.alloc(100_000));
    await expect(vault.read('pin')).rejects.toEqual(unavailable);
  });
});

describe('the credential vault', () => {
  test('seals each key under the credential; another credential opens none, and a missing one is not replaced by files', async () => {
    const credentials = join(dir, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, CREDENTIAL_NAME), nodeCrypto.random(32));
    const vault = await vaultAt(join(dir, 'v'), credentials);
    const key = await keyOf(vault, 'pin', nodeCrypto.random);
    expect(vault.protection.protection).toBe('credential');
    expect(readFileSync(join(dir, 'v', 'pin.key')).includes(Buffer.from(key))).toBe(false);
    expect(await (await vaultAt(join(dir, 'v'), credentials)).read('pin')).toEqual(key);
    await expect(vaultAt(join(dir, 'v'))).rejects.toEqual(unavailable);
    writeFileSync(join(credentials, CREDENTIAL_NAME), nodeCrypto.random(32));
    const other = await vaultAt(join(dir, 'v'), credentials);
    await expect(other.read('pin')).rejects.toEqual(unavailable);
  });

  test('a credentials folder without ours is no credential', async () => {
    expect((await vaultAt(join(dir, 'v'), dir)).protection.protection).toBe('file');
  });

  test('a damaged note of where the keys are is refused', async () => {
    await vaultAt(join(dir, 'v'));
    writeFileSync(join(dir, 'v', 'vault-kind'), 'elsewhere');
    await expect(vaultAt(join(dir, 'v'))).rejects.toEqual(unavailable);
  });
});

const hasKeyring = ['dbus-run-session', 'gnome-keyring-daemon'].every((program) => spawnSync('which', [program]).status === 0);
test.skipIf(!hasKeyring)('the keychain is used where one answers (needs Debian packages libsecret-1-0 gnome-keyring dbus-x11)', () => {
  const program = join(import.meta.dirname, 'keychain-probe.ts');
  const script = `printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec "${process.execPath}" "${program}" wardlock-test`;
  const { status, stderr } = spawnSync('dbus-run-session', ['--', 'sh', '-c', script], {
    encoding: 'utf8',
    timeout: 10_000,
    env: { ...process.env, HOME: dir, XDG_RUNTIME_DIR: dir },
  });
  expect(status, stderr).toBe(0);
});

test('without a bus the probe says no in time, and the file vault is taken', async () => {
  const { keychainVault } = await import('./keychain-vault.ts');
  const bus = process.env['DBUS_SESSION_BUS_ADDRESS'];
  process.env['DBUS_SESSION_BUS_ADDRESS'] = 'unix:path=/nonexistent';
  try {
    expect(await keychainVault('wardlock-test')).toBeUndefined();
  } finally {
    if (bus === undefined) delete process.env['DBUS_SESSION_BUS_ADDRESS'];
    else process.env['DBUS_SESSION_BUS_ADDRESS'] = bus;
  }
});

describe('boxes and seeds', () => {
  test('a box opens under its key and its context alone', () => {
    const box = secretBox(nodeCrypto, new Uint8Array(32).fill(1));
    const sealed = box.seal(Uint8Array.of(1, 2, 3), 'staff-directory');
    expect(new Uint8Array(box.open(sealed, 'staff-directory') ?? [])).toEqual(Uint8Array.of(1, 2, 3));
    expect(box.open(sealed, 'other')).toBeUndefined();
    expect(box.open(sealed.subarray(0, 10), 'staff-directory')).toBeUndefined();
    expect(
      box.open(
        Uint8Array.from(sealed, (byte, at) => (at === 0 ? 0 : byte)),
        'staff-directory',
      ),
    ).toBeUndefined();
    expect(secretBox(nodeCrypto, new Uint8Array(32)).open(sealed, 'staff-directory')).toBeUndefined();
  });

  test('a seed is made once; without its vault key it is lost by name, not made anew', async () => {
    const vault = await vaultAt(join(dir, 'v'));
    const seed = await loadSeed(dir, 'log-key', vault, nodeCrypto);
    expect(await loadSeed(dir, 'log-key', vault, nodeCrypto)).toEqual(seed);
    expect(await loadSeed(dir, 'sealing-key', vault, nodeCrypto)).not.toEqual(seed);
    await vault.write('seeds', nodeCrypto.random(32));
    await expect(loadSeed(dir, 'log-key', vault, nodeCrypto)).rejects.toEqual(unavailable);
    await vault.remove('seeds');
    await expect(loadSeed(dir, 'log-key', vault, nodeCrypto)).rejects.toEqual(unavailable);
  });
});

describe('the slot of epoch keys', () => {
  const incarnation = new Uint8Array(8).fill(3);
  const seedOf = (epoch: number) => ({ epoch, seed: new Uint8Array(32).fill(epoch) });

  test('holds old and new while the new is certified, then the new alone under another wrapping key', async () => {
    const vault = await vaultAt(join(dir, 'v'));
    const slot = epochKeyFile(join(dir, 'slot'), vault, nodeCrypto);
    expect(await slot.load(incarnation)).toEqual([]);
    await slot.saveNext(incarnation, undefined, seedOf(0));
    await slot.keepOnly(incarnation, seedOf(0));
    const before = readFileSync(join(dir, 'slot'));
    await slot.saveNext(incarnation, seedOf(0), seedOf(1));
    expect(await slot.load(incarnation)).toEqual([seedOf(0), seedOf(1)]);
    await slot.keepOnly(incarnation, seedOf(1));
    expect(await slot.load(incarnation)).toEqual([seedOf(1)]);
    expect(readdirSync(join(dir, 'v')).filter((name) => name.startsWith('epoch-'))).toHaveLength(1);
    writeFileSync(join(dir, 'slot'), before);
    expect(await slot.load(incarnation)).toEqual([]);
  });

  test('is empty for another incarnation, and when it is damaged', async () => {
    const vault = await vaultAt(join(dir, 'v'));
    const slot = epochKeyFile(join(dir, 'slot'), vault, nodeCrypto);
    await slot.saveNext(incarnation, undefined, seedOf(0));
    expect(await slot.load(new Uint8Array(8))).toEqual([]);
    writeFileSync(join(dir, 'slot'), Uint8Array.of(0, 1, 2));
    expect(await slot.load(incarnation)).toEqual([]);
    rmSync(join(dir, 'slot'));
    await slot.keepOnly(incarnation, seedOf(0));
    expect(await slot.load(incarnation)).toEqual([]);
  });
});
