/**
 * Whether a user can walk to a path at all. Answers from the permission bits (path_resolution(7)) so that a start can name the
 * folder in the way before anything fails further down; access lists are not looked at.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const OWNER_EXECUTE = 0o100;
const GROUP_EXECUTE = 0o010;
const OTHER_EXECUTE = 0o001;

export interface Walker {
  readonly uid: number;
  readonly gids: readonly number[];
}

/** The first folder on the way to `path` that the user can't pass, `undefined` when there is none. */
export async function blockedFolder(walker: Walker, path: string): Promise<string | undefined> {
  if (walker.uid === 0) return undefined;
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) folders.unshift(folder);
  for (const folder of folders) {
    if (!(await canPass(walker, folder))) return folder;
  }
  return undefined;
}

async function canPass(walker: Walker, folder: string): Promise<boolean> {
  const { uid, gid, mode } = await stat(folder);
  // The first class that fits decides, even when a later one would allow more.
  if (uid === walker.uid) return (mode & OWNER_EXECUTE) !== 0;
  if (walker.gids.includes(gid)) return (mode & GROUP_EXECUTE) !== 0;
  return (mode & OTHER_EXECUTE) !== 0;
}
