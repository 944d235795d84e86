/**
 * What a seat's agent holds in force on the system while it serves (escape 10, as far as a setting tells), and whether the screens are
 * what was packaged (35). Reads, changes nothing.
 */
import { kernelSettings } from '../../os/restrictions/settings.ts';
import { examinePackage, packageFolder } from '../../package/manifest.ts';
import type { Attempt } from '../play.ts';

const NO_PACKAGE = 'This is a checkout: there is no package to compare with.';
const NO_AGENT = 'No agent guards this machine now.';

/** @param isGuarded whether an agent serves that is not in practice */
export function systemAttempts(isGuarded: boolean): readonly Attempt[] {
  const folder = packageFolder();
  return [
    {
      escape: 10,
      what: 'no key of the console restarts the machine or looks into it, and a crash leaves no picture of the memory',
      leftOut: isGuarded ? null : NO_AGENT,
      play: async () => {
        const open: string[] = [];
        for (const setting of kernelSettings.filter(({ isThere }) => isThere?.() ?? true)) {
          const value = await setting.read();
          if (value !== setting.wanted) open.push(`${setting.id} is ${value} instead of ${setting.wanted}`);
        }
        return open.length === 0 ? null : open.join(', ');
      },
    },
    {
      escape: 35,
      what: 'the screens are what was packaged: no file of them was changed or added, and nobody but root could',
      leftOut: folder === null ? NO_PACKAGE : null,
      play: async () => {
        const findings = folder === null ? [NO_PACKAGE] : await examinePackage(folder);
        return findings.length === 0 ? null : findings.join(' ');
      },
    },
  ];
}
