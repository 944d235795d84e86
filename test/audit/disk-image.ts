/** An image of a stopped seat's store and keys, as a backup of its disk would hold them. Test helper only. */
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreKit } from './store-kit.ts';

const PARTS = ['audit', 'keys'] as const;

export interface DiskImage {
  /** Where the copy lies: `audit` and `keys` in it are folders that a store can open. */
  readonly dir: string;
  /** Puts the image in the place of what the seat holds now. */
  restore(): void;
}

export function diskImage(seat: Pick<StoreKit, 'dir'>, name = 'image'): DiskImage {
  const dir = join(seat.dir, name);
  copy(seat.dir, dir);
  return {
    dir,
    restore: () => {
      for (const part of PARTS) rmSync(join(seat.dir, part), { recursive: true });
      copy(dir, seat.dir);
    },
  };
}

function copy(from: string, to: string): void {
  for (const part of PARTS) {
    cpSync(join(from, part), join(to, part), { recursive: true });
    chmodSync(join(to, part), 0o700);
  }
}
