/** The surroundings of tests of a store: a seat for each test, disks that go with it. Owns both; test helper only. */
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { endAppenders } from './appender-process.ts';
import { type FailingDisk, failingDisk, type SmallDisk, smallDisk } from './small-disk.ts';
import { type StoreKit, storeKit } from './store-kit.ts';

export interface StoreTests {
  /** The seat of the test that runs now. */
  readonly seat: StoreKit;
  /** A disk in memory for the store's folder. @param options of mount(8) */
  disk(options: string): SmallDisk;
  /** A disk for the store's folder that can turn read-only under whoever writes to it. */
  failing(): FailingDisk;
}

export function storeTests(): StoreTests {
  let seat: StoreKit | undefined;
  let disks: SmallDisk[] = [];
  const present = (): StoreKit => {
    if (seat === undefined) throw new RangeError('no test runs');
    return seat;
  };
  const kept = <D extends SmallDisk>(disk: D): D => {
    disks.push(disk);
    return disk;
  };
  beforeEach(async () => {
    seat = await storeKit();
  });
  afterEach(async () => {
    await endAppenders();
    for (const disk of disks) disk.unmount();
    disks = [];
    await seat?.remove();
  });
  return {
    get seat() {
      return present();
    },
    disk: (options) => kept(smallDisk(present().storeDir, options)),
    failing: () => kept(failingDisk(present().storeDir, join(present().dir, 'disk.img'))),
  };
}
