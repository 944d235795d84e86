/**
 * The private halves of the period keys, one file each in a folder of their own. The envelopes of every epoch are sealed to
 * the period's public half, so that erasing one file closes a period for good, in every backup of the database. The folder
 * must never be in a backup that keeps old versions.
 */
import { closeSync, constants, existsSync, fsyncSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { WardlockError } from '../../core/errors/index.ts';
import { makeStateFolder, readIfThere, readOrMake, syncFolder } from '../../crypto/secret-files.ts';

const KEY_BYTES = 32;
const ID = /^\d{4}-\d{2}-[0-9a-f]{8}$/;

export interface PeriodKeyFiles {
  readonly folder: string;
  has(id: string): boolean;
  /** Null where this machine does not hold the key. */
  read(id: string): Buffer | null;
  /** Durable when it returns. */
  write(id: string, secret: Uint8Array): void;
  /** Overwrites, unlinks and flushes, and leaves a note that it was destroyed. Once more does no harm. */
  destroy(id: string): void;
  /** True for a key that was destroyed here: a database from before may not know it. */
  isDestroyed(id: string): boolean;
}

export function openPeriodKeyFiles(folder: string): PeriodKeyFiles {
  const pathOf = (id: string, ending = 'key'): string => {
    if (!ID.test(id)) throw new WardlockError('SERVER_DATABASE_FOREIGN', `${id} is no name of a period key.`);
    return join(folder, `${id}.${ending}`);
  };
  return {
    folder,
    has: (id) => existsSync(pathOf(id)),
    read: (id) => readIfThere(pathOf(id)),
    write: (id, secret) => {
      makeStateFolder(folder);
      readOrMake(pathOf(id), () => Buffer.from(secret));
    },
    destroy: (id) => {
      const path = pathOf(id);
      makeStateFolder(folder);
      readOrMake(pathOf(id, 'destroyed'), () => Buffer.from(`${new Date().toISOString()}\n`));
      if (!existsSync(path)) return;
      overwrite(path);
      unlinkSync(path);
      syncFolder(folder);
    },
    isDestroyed: (id) => existsSync(pathOf(id, 'destroyed')),
  };
}

/** The blocks of a disk that writes in place lose the key before its name goes; on flash this is a best effort. */
function overwrite(path: string): void {
  const descriptor = openSync(path, constants.O_WRONLY);
  try {
    writeSync(descriptor, Buffer.alloc(Math.max(KEY_BYTES, statSync(path).size)), 0, undefined, 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
