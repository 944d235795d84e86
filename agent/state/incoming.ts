/**
 * Where the screens leave what a web application downloaded, until the agent has taken it: a folder of the screens' user, in memory where the
 * machine has such a place, found through a link beside the sockets. It owns that folder's life. Whatever lies in it is untrusted, and nothing
 * stays there beyond a session.
 */
import {
  chmodSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const MEMORY = '/dev/shm';
/** TMPFS_MAGIC of statfs(2). */
const TMPFS = 0x01021994;
const PREFIX = 'wardlock-';
const PRIVATE = 0o700;
const PASS_THROUGH = 0o711;
const FOLDER = 'incoming';

export interface TakenFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

export class Incoming {
  readonly #link: string;
  readonly #owner: { readonly uid: number; readonly gid: number } | null;
  #folder: string | null = null;

  /** @param owner the user of the screens; null where it is the agent's own */
  constructor(link: string, owner: { readonly uid: number; readonly gid: number } | null) {
    this.#link = link;
    this.#owner = owner;
  }

  /** Makes the folder if it is not there. */
  open(): void {
    if (this.#folder !== null) return;
    this.close();
    const folder = this.#made();
    if (this.#owner !== null) chownSync(folder, this.#owner.uid, this.#owner.gid);
    this.#folder = folder;
  }

  /**
   * Opens a file that the screens left, and takes it out of the folder. Null where there is none, or something else than an ordinary file of
   * their own under this one name.
   */
  async take(token: string): Promise<TakenFile | null> {
    if (this.#folder === null) return null;
    const path = join(this.#folder, token);
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      unlinkSync(path);
      const found = await handle.stat();
      // Its one name is gone: one that is left would be of a file that somebody else put there.
      if (found.isFile() && found.uid === (this.#owner?.uid ?? process.geteuid?.()) && found.nlink === 0)
        return { handle, bytes: found.size };
    } catch {
      // Not there, a link, a folder: nothing that the screens leave.
    }
    await handle?.close();
    return null;
  }

  /** Removes whatever lies in the folder, and tells how many files that were. */
  empty(): number {
    return this.#folder === null ? 0 : emptied(this.#folder);
  }

  /** Removes the folder, and one that a former life left. */
  close(): void {
    this.#folder = null;
    const found = lstatSync(this.#link, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSymbolicLink()) {
      removed(this.#link);
      return;
    }
    // Made by the agent, in a folder that only the agent writes, and so is what holds the folder that it leads to.
    const folder = readlinkSync(this.#link);
    unlinkSync(this.#link);
    if (!existsSync(folder)) return;
    removed(folder);
    removed(dirname(folder));
  }

  #made(): string {
    if (!isMemory()) {
      mkdirSync(this.#link, { mode: PRIVATE });
      return this.#link;
    }
    // Anybody may write in there: the folder above is the agent's own, or the screens' user could put another one in its place.
    const above = mkdtempSync(join(MEMORY, PREFIX));
    chmodSync(above, PASS_THROUGH);
    const folder = join(above, FOLDER);
    mkdirSync(folder, { mode: PRIVATE });
    symlinkSync(folder, this.#link);
    return folder;
  }
}

function isMemory(): boolean {
  try {
    return statfsSync(MEMORY).type === TMPFS;
  } catch {
    return false;
  }
}

/** By name and flat: a removal that went down could be led elsewhere by whoever owns the folder. */
function emptied(folder: string): number {
  let files = 0;
  for (const name of readdirSync(folder)) {
    try {
      unlinkSync(join(folder, name));
      files += 1;
    } catch {
      // A folder: the screens make none, and it holds nothing that they would ever be asked for.
    }
  }
  return files;
}

function removed(folder: string): void {
  emptied(folder);
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, because of such a folder.
  }
}
