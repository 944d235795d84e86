/** A small disk of its own for one folder, which a test may fill, remount, break and take away. Needs root; test helper only. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

export interface SmallDisk {
  /** Changes it in place, such as `ro` or `size=64m`. */
  remount(options: string): void;
  /** Takes it away at once, whoever has files open on it. Once is enough. */
  unmount(): void;
}

export interface FailingDisk extends SmallDisk {
  /** The kernel gives it up after an error and goes on read-only, whoever has files open for writing. */
  turnReadOnly(): void;
  /** As after a repair or a new start of the machine: what the journal holds is brought in. Nothing may have files open. */
  mountAgain(): void;
}

/** A disk in memory. @param options of mount(8), such as `size=12m` */
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

/** An ext4 disk in an image file, mounted as Debian mounts a disk: on the first error it turns read-only. */
export function failingDisk(folder: string, image: string): FailingDisk {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BYTES);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]);
  const devices: string[] = [];
  const mount = (from: string): void => {
    const device = execFileSync('losetup', ['--find', '--show', from], { encoding: 'utf8' }).trim();
    devices.push(device);
    execFileSync('mount', ['-o', 'errors=remount-ro', device, folder]);
  };
  mount(image);
  rmSync(`${folder}/lost+found`, { recursive: true });
  let mounted = true;
  return {
    remount: (change) => void execFileSync('mount', ['-o', `remount,${change}`, folder]),
    turnReadOnly: () => void execFileSync('mount', ['-o', 'remount,abort', folder]),
    mountAgain: () => {
      execFileSync('umount', ['-l', folder]);
      // What reached the disk, as a disk of its own: whoever has a namespace of mounts at this moment keeps the former one broken.
      const copy = `${image}.${devices.length}`;
      copyFileSync(image, copy);
      renameSync(copy, image);
      mount(image);
    },
    unmount: () => {
      if (!mounted) return;
      mounted = false;
      execFileSync('umount', ['-l', folder]);
      for (const device of devices) execFileSync('losetup', ['--detach', device]);
    },
  };
}

const IMAGE_BYTES = 64 * 1024 * 1024;
