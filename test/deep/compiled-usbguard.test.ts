/** Compiled USBGuard rules in the parser of the real USBGuard. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { compileUsbguard } from '../../policies/compile/usbguard.ts';
import type { Devices } from '../../policies/devices.ts';
import { testPolicy } from '../support/policy.ts';
import { unpackDebian } from '../support/unpacked-debian.ts';

const run = promisify(execFile);
const keys = { reader: Buffer.alloc(32, 1).toString('base64'), escrow: Buffer.alloc(32, 2).toString('base64') };
const everything: Devices = {
  usbClasses: ['hid', 'smart-card', 'printer', 'audio', 'video', 'image', 'serial'],
  usbDevices: [
    { name: 'Scanner', id: '05e0:1200', serial: 'A.1 /:_+-2' },
    { name: 'Label printer', id: '0a5f:0081' },
  ],
};
const policies: readonly Devices[] = [
  {},
  everything,
  { ...everything, usbStorage: 'allow', newKeyboard: 'allow' },
  { usbStorage: 'allow' },
];

test("USBGuard's own parser takes every compiled rule as it was meant", async () => {
  const usbguard = await unpackDebian('usbguard');
  const folder = await mkdtemp(join(tmpdir(), 'wl-usbguard-'));
  const parse = async (text: string): Promise<string> => {
    const file = join(folder, 'rules.conf');
    await writeFile(file, text);
    const env = { ...process.env, LD_LIBRARY_PATH: usbguard.libraries };
    const { stdout } = await run(join(usbguard.root, 'usr/bin/usbguard-rule-parser'), ['-f', file], { env });
    return stdout;
  };
  try {
    for (const devices of policies) {
      const [file] = compileUsbguard(testPolicy(1, keys, { devices }), {})?.files ?? [];
      const rules = (file?.text ?? '').trim().split('\n').slice(1);
      const heard = (await parse(file?.text ?? '')).split('\n').filter((line) => line.startsWith('OUTPUT: ') && line !== 'OUTPUT: ');
      expect(heard.map((line) => line.slice('OUTPUT: '.length)).filter((line) => !line.startsWith('#'))).toEqual(rules);
    }
    await expect(parse('allow with-interface nonsense\n')).rejects.toThrow();
  } finally {
    await Promise.all([rm(folder, { recursive: true, force: true }), usbguard.remove()]);
  }
});
