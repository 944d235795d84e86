/**
 * Escape 46, USB storage: compiled rules in the real USBGuard daemon, which judges devices that umockdev makes up. No device was plugged in, and no
 * kernel was told what to do with one: docs/limitations.md says so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileUsbguard } from '../../policies/compile/usbguard.ts';
import type { Devices } from '../../policies/devices.ts';
import { testPolicy } from '../support/policy.ts';
import { isLinuxRoot } from '../support/root.ts';
import { type Unpacked, unpackDebian } from '../support/unpacked-debian.ts';
import { described, ROOT_HUB, type UsbDevice } from '../support/usb-device.ts';

const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };
const PRIVATE = 0o600;
const JUDGED = { timeout: 10_000 };
const STICK: UsbDevice = { port: '1-1', vendor: 0x0781, product: 0x5567, name: 'Stick', interfaces: [[8, 6, 0x50]] };
const KEYBOARD: UsbDevice = { port: '1-2', vendor: 0x046d, product: 0xc31c, name: 'Keyboard', interfaces: [[3, 1, 1]] };
/** A keyboard that brings a drive along, and one that says that it is the label printer. */
const BOTH: UsbDevice = {
  port: '1-3',
  vendor: 0x1234,
  product: 1,
  name: 'Keyboard with a drive',
  interfaces: [
    [3, 1, 1],
    [8, 6, 0x50],
  ],
};
const FORGED: UsbDevice = {
  port: '1-4',
  vendor: 0x0a5f,
  product: 0x81,
  name: 'Label printer',
  interfaces: [
    [7, 1, 2],
    [8, 6, 0x50],
  ],
};
const CARDS: UsbDevice = { port: '1-5', vendor: 0x076b, product: 0x3031, name: 'Card reader', interfaces: [[0x0b, 0, 0]] };
const CAMERA: UsbDevice = { port: '1-6', vendor: 0x05ac, product: 0x1290, name: 'Telephone', interfaces: [[6, 1, 1]] };

let usbguard: Unpacked;
beforeAll(async () => {
  if (isLinuxRoot) usbguard = await unpackDebian('usbguard');
});
afterAll(() => usbguard?.remove());

interface Judge {
  /** What was decided last about a device, by its name. */
  readonly of: (name: string) => string | undefined;
  close(): Promise<void>;
}

async function judge(devices: Devices, present: readonly UsbDevice[]): Promise<Judge> {
  const folder = mkdtempSync(join(tmpdir(), 'wl-usbguard-'));
  const [rules, plugged, access, audit] = ['rules.conf', 'devices', 'access', 'audit.log'].map((name) => join(folder, name));
  if (rules === undefined || plugged === undefined || access === undefined || audit === undefined) throw new Error('There are four.');
  for (const path of [plugged, access]) mkdirSync(path);
  const compiled = compileUsbguard(testPolicy(1, keys, { devices }), {})?.files[0]?.text ?? '';
  writeFileSync(rules, compiled, { mode: PRIVATE });
  const settings = {
    RuleFile: rules,
    ImplicitPolicyTarget: 'block',
    PresentDevicePolicy: 'apply-policy',
    PresentControllerPolicy: 'apply-policy',
    InsertedDevicePolicy: 'apply-policy',
    DeviceManagerBackend: 'umockdev',
    IPCAccessControlFiles: `${access}/`,
    AuditBackend: 'FileAudit',
    AuditFilePath: audit,
  };
  const configuration = join(folder, 'daemon.conf');
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(configuration, lines.join(''), { mode: PRIVATE });
  writeFileSync(join(plugged, 'present.umockdev'), [ROOT_HUB, ...present.map(described)].join('\n'));
  chmodSync(folder, 0o700);
  // The daemon is killed, and what its made-up devices lie in would stay in the folder of all users.
  const env = { ...process.env, LD_LIBRARY_PATH: usbguard.libraries, USBGUARD_UMOCKDEV_DEVICEDIR: plugged, TMPDIR: folder };
  const daemon = spawn('umockdev-wrapper', [join(usbguard.root, 'usr/sbin/usbguard-daemon'), '-k', '-c', configuration], {
    env,
    stdio: 'ignore',
  });
  const of = (name: string): string | undefined => {
    // It calls a device blocked at first; what the policy made of that is the update.
    const updates = readFileSync(audit, 'utf8')
      .split('\n')
      .filter((line) => line.includes("type='Policy.Device.Update'"));
    return updates.findLast((line) => line.includes(`name "${name}"`))?.match(/target\.new='(\w+)'/u)?.[1];
  };
  await expect.poll(() => of('Root hub'), JUDGED).toBe('allow');
  expect(readdirSync(folder), 'what a killed daemon leaves, where it is taken away').toContainEqual(expect.stringMatching(/^umockdev\./u));
  return {
    of,
    close: async () => {
      daemon.kill('SIGKILL');
      if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const ward: Devices = {
  usbClasses: ['hid', 'smart-card', 'printer'],
  usbDevices: [{ name: 'Label printer', id: '0a5f:0081' }],
};

// USBGuard knows no lock: locked and in session are the same to it.
test('escape 46 locked and in session: a drive is blocked, also one that hides in a keyboard or behind the id of another device', async () => {
  expect(isLinuxRoot, 'needs root on Linux: USBGuard serves root only').toBe(true);
  const present = [STICK, KEYBOARD, BOTH, FORGED, CARDS, CAMERA];
  const judged = await judge(ward, present);
  try {
    const verdicts = () => Object.fromEntries(present.map(({ name }) => [name, judged.of(name)]));
    await expect.poll(verdicts, JUDGED).toEqual({
      ...{ Stick: 'block', 'Keyboard with a drive': 'block', 'Label printer': 'block', Telephone: 'block' },
      // The control: what the policy names works.
      ...{ Keyboard: 'allow', 'Card reader': 'allow' },
    });
  } finally {
    await judged.close();
  }
});

test('a policy that allows storage lets the same drive through', async () => {
  expect(isLinuxRoot, 'needs root on Linux: USBGuard serves root only').toBe(true);
  const judged = await judge({ ...ward, usbStorage: 'allow' }, [STICK]);
  try {
    await expect.poll(() => judged.of('Stick'), JUDGED).toBe('allow');
  } finally {
    await judged.close();
  }
});
