/** What whoever writes a policy should know although nothing of it is wrong. Pure. */
import { DEVICES_NEED_USBGUARD } from './devices.ts';
import type { PolicyDocument } from './schema.ts';

/** Fields that the seat reads, checks and hands to compilers, and does not act on by itself: docs/limitations.md has the same list. */
const WITHOUT_EFFECT = ['downloads', 'print'] as const;

/** One sentence for each thing; empty where there is nothing to say. */
export function notesOf(document: PolicyDocument): readonly string[] {
  const { devices, mode, overrides = [], apps } = document;
  const given = new Set<string>(apps.flatMap((app) => Object.keys(app)));
  const idle = WITHOUT_EFFECT.filter((field) => given.has(field));
  const hasDevices = devices !== undefined || overrides.some((one) => one.devices !== undefined);
  return [
    ...(hasDevices ? [DEVICES_NEED_USBGUARD] : []),
    ...(mode === 'monitor'
      ? [
          'mode: monitor only watches: a tile that would be denied starts, everybody sees every tile, and the record says what would have denied it.',
        ]
      : []),
    ...(idle.length > 0 ? [`${idle.join(', ')}: the seat does not act on this by itself. Pages neither save nor print.`] : []),
  ];
}
