/**
 * Where a seat keeps its keys: the session keychain, else the service manager's credential, else a file. With a real keyring on
 * a real session bus, a real systemd credential, and a real agent that says which it is.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CREDENTIAL_NAME } from '../../agent/keys/index.ts';
import { cliBoundary } from '../../contract/cli.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { connect } from '../../ipc/client.ts';
import { SeatProcess } from '../support/seat-process.ts';

const PROGRAM = join(import.meta.dirname, '..', 'audit', 'vault-program.ts');
const KEY = '07'.repeat(32);
const has = (...programs: readonly string[]): boolean => programs.every((program) => spawnSync('which', [program]).status === 0);
const NO_KEYRING = 'needs Debian packages libsecret-1-0 gnome-keyring dbus-x11';
const NO_CREDS = 'needs systemd-creds (Debian package systemd)';

let dir: string;
let vault: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wardlock-vault-'));
  vault = join(dir, 'vault');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;

/** Runs the vault program once for each act, without any session bus. */
function withoutBus(acts: readonly string[], more: Env = {}): readonly string[] {
  const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${dir}/no-bus`, ...more };
  return acts.map((act) => spawnSync(process.execPath, [PROGRAM, vault, 'wardlock-test', act], { encoding: 'utf8', env }).stdout.trim());
}

/** The same in a session of its own with an unlocked keyring, whose files lie in the test's folder. */
function withKeyring(acts: readonly string[], more: Env = {}): readonly string[] {
  const runs = acts.map((act) => `"${process.execPath}" "${PROGRAM}" "${vault}" wardlock-test ${act}`).join('; ');
  const script = `printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; ${runs}`;
  const { stdout } = spawnSync('dbus-run-session', ['--', 'sh', '-c', script], {
    encoding: 'utf8',
    env: { ...process.env, HOME: dir, XDG_RUNTIME_DIR: dir, ...more },
  });
  return stdout.trim().split('\n');
}

/** A credential as systemd hands it to a service: encrypted on the disk, decrypted into a folder that the service may read. */
function credentials(): string {
  const folder = join(dir, 'credentials');
  mkdirSync(folder);
  const plain = join(dir, 'plain');
  writeFileSync(plain, nodeCrypto.random(32));
  const env = { ...process.env, SYSTEMD_CREDENTIAL_SECRET: join(dir, 'host-secret') };
  const creds = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('systemd-creds', args, { encoding: 'utf8', env });
    expect(status, stderr).toBe(0);
  };
  creds('encrypt', '--with-key=host', `--name=${CREDENTIAL_NAME}`, plain, join(dir, 'sealed'));
  expect(readFileSync(join(dir, 'sealed')).includes(readFileSync(plain))).toBe(false);
  creds('decrypt', `--name=${CREDENTIAL_NAME}`, join(dir, 'sealed'), join(folder, CREDENTIAL_NAME));
  return folder;
}

test('a session keychain that answers holds the keys, over processes, and is not left for a file when it is away', (context) => {
  context.skip(!has('dbus-run-session', 'gnome-keyring-daemon'), NO_KEYRING);
  expect(withKeyring(['read', 'write', 'read', 'remove'])).toEqual([
    'keychain none',
    `keychain ${KEY}`,
    `keychain ${KEY}`,
    'keychain none',
  ]);
  expect(readdirSync(vault)).toEqual(['vault-kind']);
  expect(withoutBus(['read'])).toEqual(['AUDIT_KEYS_UNAVAILABLE']);
});

test('with a keychain and a credential the keychain is taken; with a credential alone its seal is on each key', (context) => {
  context.skip(!has('systemd-creds'), NO_CREDS);
  const CREDENTIALS_DIRECTORY = credentials();
  expect(withoutBus(['write', 'read'], { CREDENTIALS_DIRECTORY })).toEqual([`credential ${KEY}`, `credential ${KEY}`]);
  expect(readFileSync(join(vault, 'pin.key')).includes(Buffer.from(KEY, 'hex'))).toBe(false);
  expect(withoutBus(['read'])).toEqual(['AUDIT_KEYS_UNAVAILABLE']);
  context.skip(!has('dbus-run-session', 'gnome-keyring-daemon'), NO_KEYRING);
  // The choice is kept: a keychain that comes later does not take over.
  expect(withKeyring(['read'], { CREDENTIALS_DIRECTORY })).toEqual([`credential ${KEY}`]);
  rmSync(vault, { recursive: true });
  expect(withKeyring(['write', 'read'], { CREDENTIALS_DIRECTORY })).toEqual([`keychain ${KEY}`, `keychain ${KEY}`]);
});

test('with neither, a file that only its owner reads', () => {
  expect(withoutBus(['write', 'read'])).toEqual([`file ${KEY}`, `file ${KEY}`]);
});

test('the agent says which it is, to doctor and on the seat, with what it does not protect against', async () => {
  for (const kind of ['file', 'credential'] as const) {
    if (kind === 'credential') {
      mkdirSync(join(dir, 'given'));
      writeFileSync(join(dir, 'given', CREDENTIAL_NAME), nodeCrypto.random(32));
      process.env['CREDENTIALS_DIRECTORY'] = join(dir, 'given');
    }
    const seat = await SeatProcess.create();
    try {
      await seat.start();
      const { keys } = (await seat.screens()).view().truth;
      expect(keys).toMatchObject({ protection: kind, meaning: expect.stringMatching(/not against root|not on a stolen disk/) });
      const client = await connect({ boundary: cliBoundary, path: seat.socket('cli'), build: 'test', events: {} });
      const { checks } = await client.request('doctor', {});
      client.close();
      expect(checks.find(({ id }) => id === 'keys')).toMatchObject({ state: kind === 'file' ? 'stop' : 'ok', says: keys.meaning });
    } finally {
      delete process.env['CREDENTIALS_DIRECTORY'];
      await seat.remove();
    }
  }
});
