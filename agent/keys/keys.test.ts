/** Vaults, boxes, seeds and the slot of epoch keys, on real files. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

describe('the slots of epoch keys', () => {
  const incarnation = new Uint8Array(8).fill(3);
  const seedOf = (epoch: number) => ({ epoch, seed: new Uint8Array(32).fill(epoch + 1) });
  const slots = ['slot-a', 'slot-b'] as const;
  const place = async () => {
    const vault = await vaultAt(join(dir, 'v'));
    return { vault, slot: epochKeyFile(join(dir, 'slot'), vault, nodeCrypto) };
  };
  const keys = () => readdirSync(join(dir, 'v')).filter((name) => name.startsWith('epoch-'));
  /** Every file that a slot ever had, as a copy of the disk between any two steps would. */
  const copies = () =>
    slots.flatMap((name) => (existsSync(join(dir, name)) ? [{ path: join(dir, name), bytes: readFileSync(join(dir, name)) }] : []));

  test('hold old and new while the new is certified, then the new alone', async () => {
    const { slot } = await place();
    expect(await slot.load(incarnation)).toEqual([]);
    await slot.saveNext(incarnation, undefined, seedOf(0));
    await slot.keepOnly(incarnation, 0);
    for (let epoch = 0; epoch < 3; epoch += 1) {
      await slot.saveNext(incarnation, epoch, seedOf(epoch + 1));
      expect(await slot.load(incarnation)).toEqual([seedOf(epoch), seedOf(epoch + 1)]);
      await slot.keepOnly(incarnation, epoch + 1);
      expect(await slot.load(incarnation)).toEqual([seedOf(epoch + 1)]);
      expect(keys()).toHaveLength(1);
    }
  });

  test('no copy of the files from any step opens a destroyed seed with what is left', async () => {
    const { slot } = await place();
    const seen = [];
    await slot.saveNext(incarnation, undefined, seedOf(0));
    for (let epoch = 0; epoch < 3; epoch += 1) {
      seen.push(copies());
      await slot.keepOnly(incarnation, epoch);
      seen.push(copies());
      await slot.saveNext(incarnation, epoch, seedOf(epoch + 1));
    }
    seen.push(copies());
    await slot.keepOnly(incarnation, 3);
    for (const files of seen) {
      for (const { path, bytes } of files) writeFileSync(path, bytes);
      const opened = await slot.load(incarnation);
      expect(opened.filter(({ epoch }) => epoch < 3)).toEqual([]);
    }
    // The check itself works: the last copies hold the seed that is left.
    expect(await slot.load(incarnation)).toEqual([seedOf(3)]);
  });

  test('one that was saved ahead and never certified makes way for the next', async () => {
    const { slot } = await place();
    await slot.saveNext(incarnation, undefined, seedOf(0));
    await slot.saveNext(incarnation, 0, seedOf(1));
    await slot.saveNext(incarnation, 0, { epoch: 1, seed: new Uint8Array(32).fill(9) });
    expect(await slot.load(incarnation)).toEqual([seedOf(0), { epoch: 1, seed: new Uint8Array(32).fill(9) }]);
  });

  test('a destruction that a crash cut short leaves the present seed readable, and is made good', async () => {
    const credentials = join(dir, 'credentials');
    mkdirSync(credentials);
    writeFileSync(join(credentials, CREDENTIAL_NAME), nodeCrypto.random(32));
    const slot = epochKeyFile(join(dir, 'slot'), await vaultAt(join(dir, 'v'), credentials), nodeCrypto);
    await slot.saveNext(incarnation, undefined, seedOf(0));
    await slot.saveNext(incarnation, 0, seedOf(1));
    const key = join(dir, 'v', 'epoch-a.key');
    writeFileSync(key, Buffer.alloc(statSync(key).size));
    expect(await slot.load(incarnation)).toEqual([seedOf(1)]);
    await slot.keepOnly(incarnation, 1);
    expect(keys()).toEqual(['epoch-b.key']);
    expect(existsSync(join(dir, 'slot-a'))).toBe(false);
  });

  test('nothing is destroyed where the seed that should stay is not there', async () => {
    const { slot } = await place();
    await slot.saveNext(incarnation, undefined, seedOf(0));
    await slot.saveNext(incarnation, 0, seedOf(1));
    await slot.keepOnly(incarnation, 2);
    await slot.keepOnly(new Uint8Array(8), 1);
    expect(await slot.load(incarnation)).toEqual([seedOf(0), seedOf(1)]);
  });

  test('are empty for another incarnation, and when they are damaged or under another name', async () => {
    const { slot } = await place();
    await slot.saveNext(incarnation, undefined, seedOf(0));
    expect(await slot.load(new Uint8Array(8))).toEqual([]);
    const whole = readFileSync(join(dir, 'slot-a'));
    for (const change of [
      (bytes: Buffer) => bytes.fill(4, 0, 8),
      (bytes: Buffer) => bytes.fill(1, 15, 16),
      (bytes: Buffer) => bytes.fill(255, 8, 16),
      (bytes: Buffer) => bytes.subarray(0, 12),
      (bytes: Buffer) => bytes.fill(Number(bytes[bytes.length - 1]) ^ 1, bytes.length - 1),
    ]) {
      writeFileSync(join(dir, 'slot-a'), change(Buffer.from(whole)));
      expect(await slot.load(incarnation)).toEqual([]);
      expect(await slot.load(new Uint8Array(8).fill(4))).toEqual([]);
    }
    // A file that says nothing is no reason to keep its key.
    writeFileSync(join(dir, 'slot-a'), Uint8Array.of(0, 1, 2));
    await slot.saveNext(incarnation, undefined, seedOf(1));
    expect(await slot.load(incarnation)).toEqual([seedOf(1)]);
    await slot.keepOnly(incarnation, 1);
    expect(keys()).toHaveLength(1);
    for (const name of slots) rmSync(join(dir, name), { force: true });
    await slot.keepOnly(incarnation, 1);
    expect(await slot.load(incarnation)).toEqual([]);
  });
});
