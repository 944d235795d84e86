/** A small disk of its own for one folder: a tmpfs that a test may fill, remount and take away. Needs root; test helper only. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

export interface SmallDisk {
  /** Changes it in place, such as `ro` or `size=64m`. */
  remount(options: string): void;
  /** Takes it away at once, whoever has files open on it. Once is enough. */
  unmount(): void;
}

/** @param options of mount(8), such as `size=12m` */
export function smallDisk(folder: string, options: string): SmallDisk {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=700,${options}`, 'tmpfs', folder]);
  let mounted = true;
  return {
    remount: (change) => void execFileSync('mount', ['-o', `remount,${change}`, folder]),
    unmount: () => {
      if (mounted) execFileSync('umount', ['-l', folder]);
      mounted = false;
    },
  };
}
