/**
 * Lists what a session may read of the machine: libraries and data of a few folders, without any program or script in
 * them, so that neither a loader nor an interpreter can be fed what the policy does not name. Reads the disk, changes nothing.
 */
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { classifyFile } from '../elf.ts';

/** Files and whole folders to allow, and the folders that were looked at with their times of change. */
export interface Survey {
  readonly readable: readonly string[];
  readonly seen: readonly (readonly [string, number])[];
}

/** Folders that hold libraries or data that graphical programs need. What is not there is left out. */
export const SYSTEM_FOLDERS: readonly string[] = [
  '/lib64',
  '/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib/locale',
  '/usr/lib/dri',
  '/usr/share/X11',
  '/usr/share/fonts',
  '/usr/share/fontconfig',
  '/usr/share/glib-2.0',
  '/usr/share/glvnd',
  '/usr/share/gtk-3.0',
  '/usr/share/i18n',
  '/usr/share/icons',
  '/usr/share/locale',
  '/usr/share/mime',
  '/usr/share/pixmaps',
  '/usr/share/terminfo',
  '/usr/share/themes',
  '/usr/share/zoneinfo',
  '/usr/local/share/fonts',
  '/var/cache/fontconfig',
  '/etc/X11/app-defaults',
  '/etc/fonts',
  '/etc/gtk-3.0',
  '/etc/pango',
  '/etc/ssl/certs',
  '/usr/share/ca-certificates',
];

/** Single files of /etc that the C library reads. None of them holds a secret; everyone may read them anyway. */
export const SYSTEM_FILES: readonly string[] = [
  '/etc/group',
  '/etc/host.conf',
  '/etc/hosts',
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/etc/locale.alias',
  '/etc/machine-id',
  '/etc/mime.types',
  '/etc/nsswitch.conf',
  '/etc/os-release',
  '/etc/passwd',
  '/etc/resolv.conf',
  '/etc/timezone',
  '/usr/lib/os-release',
  '/sys/devices/system/cpu',
  '/sys/devices/system/node',
];

/** Looks through `folders`, below which links are not followed, because what they point to is judged where it lies. */
export function survey(folders: readonly string[]): Survey {
  const seen: [string, number][] = [];
  const roots = new Set(folders.flatMap(realFolder));
  const readable = [...roots].flatMap((root) => {
    const found = look(root, seen);
    return found.clean ? [root] : found.readable;
  });
  return { readable, seen };
}

/** Whether a folder that was looked at has had entries added, removed or replaced since. */
export function isOutdated(former: Survey): boolean {
  return former.seen.some(([path, changed]) => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs !== changed);
}

function realFolder(path: string): readonly string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}

interface Found {
  /** Nothing in the folder or below is a program or a script. */
  readonly clean: boolean;
  /** What may be read when the folder as a whole may not. */
  readonly readable: readonly string[];
}

function look(folder: string, seen: [string, number][]): Found {
  seen.push([folder, lstatSync(folder).mtimeMs]);
  let clean = true;
  const readable: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const below = look(path, seen);
      clean &&= below.clean;
      readable.push(...(below.clean ? [path] : below.readable));
    } else if (entry.isFile()) {
      const allowed = mayBeRead(path);
      clean &&= allowed;
      if (allowed) readable.push(path);
    }
  }
  return { clean, readable };
}

function mayBeRead(path: string): boolean {
  try {
    const { kind } = classifyFile(path);
    return kind === 'library' || kind === 'data';
  } catch {
    // What root can't read or what vanished meanwhile is not granted.
    return false;
  }
}
