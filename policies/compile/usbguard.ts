/**
 * USBGuard rules from `devices` of a policy. First match wins there: storage, then devices by name, then hubs, then classes; what
 * is left is blocked. Pure.
 */
import { CONDITIONS, type Scope } from '../../core/decision/rule.ts';
import { settingsFor } from '../../core/policy/settings.ts';
import { DEVICES_NEED_USBGUARD, type Devices, type UsbClass } from '../devices.ts';
import type { PolicyDocument } from '../schema.ts';
import type { Compiled, LeftOut, Place } from './result.ts';

/** Interfaces as class, subclass and protocol of USB-IF. */
const INTERFACES: Readonly<Record<UsbClass, readonly string[]>> = {
  hid: ['03:*:*'],
  'smart-card': ['0b:*:*'],
  printer: ['07:*:*'],
  audio: ['01:*:*'],
  video: ['0e:*:*'],
  image: ['06:*:*'],
  // Communications with the abstract control model, and its data.
  serial: ['02:02:*', '0a:*:*'],
};
const STORAGE = '08:*:*';
const HUB = '09:*:*';
/** Those that say that they are keyboards. */
const KEYBOARDS = 'with-interface one-of { 03:00:01 03:01:01 }';

/**
 * @param place the seat that is compiled for; overrides for its ward and groups are then settled
 * @returns null where the policy says nothing about devices: rules from nothing would take a seat's keyboard away
 */
export function compileUsbguard(document: PolicyDocument, place: Place): Compiled | null {
  const { overrides = [], ...rest } = document;
  const settled = overrides.filter((one) => isSettled(one, place));
  const nobody = { role: null, ward: place.ward ?? '', seat: place.seat ?? '', day: 'mon', minute: 0 } as const;
  const { devices } = settingsFor({ ...rest, overrides: settled }, nobody);
  if (devices === undefined) return null;
  const rules = [`# Made by Wardlock (policy compile) from policy ${document.tenant} version ${document.version}.`, ...rulesOf(devices)];
  return {
    files: [{ name: 'wardlock-usbguard.conf', text: `${rules.join('\n')}\n` }],
    leftOut: [...leftOut(devices), ...lostOverrides(document, settled)],
  };
}

/** Whether it is known of the seat itself if it fits. */
function isSettled(one: Scope, place: Place): boolean {
  return CONDITIONS.every(
    (condition) =>
      one[condition] === undefined ||
      (condition === 'wards' && place.ward !== undefined) ||
      (condition === 'seatGroups' && place.seat !== undefined),
  );
}

function lostOverrides({ overrides = [] }: PolicyDocument, settled: readonly Scope[]): readonly LeftOut[] {
  return overrides.flatMap((one, index) =>
    one.devices === undefined || settled.includes(one)
      ? []
      : [
          {
            path: `/overrides/${index}/devices`,
            sentence: `Override ${one.id}: USBGuard knows no roles, wards, groups of seats, days or hours; its devices are left as they are elsewhere. Compile with --ward and --seat to settle those two.`,
          },
        ],
  );
}

function* rulesOf(devices: Devices): Generator<string> {
  const { usbClasses = [], usbDevices = [], usbStorage = 'block', newKeyboard = 'lock' } = devices;
  if (usbStorage === 'block') yield `block with-interface one-of { ${STORAGE} }`;
  for (const { id, serial } of usbDevices) yield `allow id ${id}${serial === undefined ? '' : ` serial "${serial}"`}`;
  // Before the classes, so that what is behind a hub has a bus to be on.
  yield `allow with-interface match-all { ${HUB} }`;
  const storage = usbStorage === 'allow' ? [STORAGE] : [];
  const interfaces = [...new Set(usbClasses.flatMap((name) => INTERFACES[name]))];
  const isGuarded = newKeyboard === 'lock' && usbClasses.includes('hid');
  if (isGuarded) yield `block ${KEYBOARDS} if allowed-matches(${KEYBOARDS})`;
  const fitting = [...interfaces, ...storage];
  if (fitting.length > 0) yield `allow with-interface match-all { ${fitting.join(' ')} }`;
  yield 'block';
}

function leftOut({ usbClasses = [], usbDevices = [], newKeyboard = 'lock' }: Devices): readonly LeftOut[] {
  const at = (field: string, sentence: string): LeftOut => ({ path: field === '' ? '/devices' : `/devices/${field}`, sentence });
  const hasHid = usbClasses.includes('hid');
  return [
    at('', DEVICES_NEED_USBGUARD),
    at('', "USBGuard knows nothing else of the policy: roles, applications, hours and the record are the seat's alone."),
    ...(newKeyboard === 'lock' && hasHid
      ? [
          at('newKeyboard', 'USBGuard can lock no seat: it blocks a second keyboard instead, and the seat stays as it is.'),
          at(
            'newKeyboard',
            'A device that types without saying that it is a keyboard (HID without the boot protocol) is not known as one.',
          ),
        ]
      : []),
    ...(newKeyboard === 'allow' && hasHid
      ? [at('newKeyboard', 'Every device that types is taken, also one that was made to attack.')]
      : []),
    ...(usbDevices.length > 0
      ? [at('usbDevices', 'Ids and serial numbers are what a device tells of itself; one that was made to attack can tell any.')]
      : []),
  ];
}
