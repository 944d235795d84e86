/**
 * A wall clock that a test moves while real processes run under it, and a machine that sleeps. What is started through `process.env`
 * from then on follows it; the clock of time awake stays the machine's, unless time passes by all of them. (libfaketime, told of a new time while it runs, shows threads the old one
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
  /** Wakes the machine after so many seconds of sleep in all: wall and boot clocks go on in them, the clock of time awake does not. */
  sleepSeconds(seconds: number): void;
  /** Lets so many seconds pass in all, by every clock: what waits is due. */
  passSeconds(seconds: number): void;
  /** Leaves the environment as it was. */
  release(): void;
}

export function openSiteClock(folder: string): SiteClock {
  const library = join(folder, 'site-clock.so');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'site-clock.c')]);
  const file = join(folder, 'site-clock');
  const settings: Readonly<Record<string, string>> = { LD_PRELOAD: library, SITE_CLOCK: file };
  const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
  const offsets = Buffer.alloc(24);
  const move = (seconds: bigint, at: 0 | 8 | 16): void => {
    offsets.writeBigInt64LE(seconds, at);
    // In place: the processes have these very bytes mapped.
    writeFileSync(file, offsets, { flag: 'r+' });
  };
  writeFileSync(file, offsets);
  Object.assign(process.env, settings);
  return {
    setDays: (days) => move(BigInt(days) * DAY_SECONDS, 0),
    sleepSeconds: (seconds) => move(BigInt(seconds), 8),
    passSeconds: (seconds) => move(BigInt(seconds), 16),
    release: () => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}
