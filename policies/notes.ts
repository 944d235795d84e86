/** What whoever writes a policy should know although nothing of it is wrong. Pure. */
import { DEVICES_NEED_USBGUARD } from './devices.ts';
import { webOptions } from './effective.ts';
import type { PolicyDocument } from './schema.ts';

/** One sentence for each thing; empty where there is nothing to say. */
export function notesOf(document: PolicyDocument): readonly string[] {
  const { devices, mode, overrides = [], apps } = document;
  const saves = apps.filter((app) => app.kind === 'web' && webOptions(app).downloads === 'allow').map(({ id }) => id);
  const hasDevices = devices !== undefined || overrides.some((one) => one.devices !== undefined);
  return [
    ...(hasDevices ? [DEVICES_NEED_USBGUARD] : []),
    ...(mode === 'monitor'
      ? [
          'mode: monitor only watches: a tile that would be denied starts, everybody sees every tile, and the record says what would have denied it.',
        ]
      : []),
    ...(saves.length > 0 && !apps.some(({ kind }) => kind === 'native')
      ? [
          `downloads: ${saves.join(', ')} may save files, and no native application of this policy could open one. The seat saves nothing then.`,
        ]
      : []),
  ];
}
