/**
 * A wall clock that a test moves while real processes run under it. What is started through `process.env` from then on follows
 * it; boot and monotonic clocks stay the machine's. (libfaketime, told of a new time while it runs, shows threads the old one
 * now and then.) Owns the loader's settings in this process's environment.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAY_SECONDS = 86_400n;

export const hasSiteClock = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;
export const NEEDS_SITE_CLOCK = '(needs a C compiler: Debian package gcc)';

export interface SiteClock {
  /** Moves the clock to so many days after the real time. */
  setDays(days: number): void;
  /** Leaves the environment as it was. */
  release(): void;
}

export function openSiteClock(folder: string): SiteClock {
  const library = join(folder, 'site-clock.so');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'site-clock.c')]);
  const file = join(folder, 'site-clock');
  const settings: Readonly<Record<string, string>> = { LD_PRELOAD: library, SITE_CLOCK: file };
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  const setDays = (days: number): void => {
    const seconds = Buffer.alloc(8);
    seconds.writeBigInt64LE(BigInt(days) * DAY_SECONDS);
    // In place: the processes have these very bytes mapped.
    writeFileSync(file, seconds, { flag: 'r+' });
  };
  writeFileSync(file, Buffer.alloc(8));
  Object.assign(process.env, settings);
  return {
    setDays,
    release: () => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}
