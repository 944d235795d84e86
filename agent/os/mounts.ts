/**
 * Mounts of a namespace that the caller has to itself. Owns flags and the new mount calls (open_tree, move_mount,
 * mount_setattr); must be used only after `enterOwnMountNamespace`, or it would change the machine's own mounts.
 */
import { closeSync, mkdirSync, writeFileSync } from 'node:fs';
import { mount, setns, syscall, unmount, unshare } from './libc.ts';

const CLONE_NEWNS = 0x00020000;
const CLONE_NEWIPC = 0x08000000;
const CLONE_NEWNET = 0x40000000;
const CLONE_FS = 0x00000200;
const MS_RDONLY = 0x1;
const MS_NOSUID = 0x2;
const MS_NODEV = 0x4;
const MS_NOEXEC = 0x8;
const MS_REMOUNT = 0x20;
const MS_BIND = 0x1000;
const MS_MOVE = 0x2000;
const MS_REC = 0x4000;
const MS_PRIVATE = 0x40000;
const MNT_DETACH = 0x2;

const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 0x1;
const OPEN_TREE_CLOEXEC = 0x80000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOUNT_ATTR_RDONLY = 0x1;
const MOUNT_ATTR_NOSUID = 0x2;

/** A mount namespace of its own for the calling thread, from which nothing spreads back to the machine. */
export function enterOwnMountNamespace(): void {
  unshare(CLONE_NEWNS);
  mount({ source: 'none', target: '/', type: null, flags: MS_REC | MS_PRIVATE });
}

/** Shared memory and message queues of its own. */
export function enterOwnIpcNamespace(): void {
  unshare(CLONE_NEWIPC);
}

/**
 * A network of its own for the calling thread, with nothing in it: no interface but a loopback that is down, and none of the abstract
 * sockets of other programs. Sockets in files (unix(7)) are reached through the file system as before.
 * @throws WardlockError `OS_CALL_FAILED` where the kernel has no network namespaces, or no more of them
 */
export function enterOwnNetworkNamespace(): void {
  unshare(CLONE_NEWNET);
}

/** Joins the mount, IPC and network namespaces of the process that `pidfd` names. The caller keeps its open descriptors. */
export function joinNamespaces(pidfd: number): void {
  // A thread that shares its working folder with others may not change its mount namespace (setns(2)).
  unshare(CLONE_FS);
  setns(pidfd, CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET);
}

/** Makes every mount that is there read-only, without set-user-id programs. What is mounted later is not touched. */
export function makeEverythingReadOnly(): void {
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(BigInt(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID), 0);
  syscall(
    'mount_setattr /',
    SYS_MOUNT_SETATTR,
    'int',
    AT_FDCWD,
    'const char *',
    '/',
    'unsigned int',
    AT_RECURSIVE,
    'void *',
    attributes,
    'size_t',
    32,
  );
}

export interface Tmpfs {
  readonly target: string;
  /** Octal, as mount(8) takes it. */
  readonly mode: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly megabytes: number;
}

/** A tmpfs that may be written and from which nothing can be executed, no device opened and no identity taken. */
export function mountTmpfs(request: Tmpfs): void {
  const { target, mode, uid, gid, megabytes } = request;
  const data = `mode=${mode},uid=${uid ?? 0},gid=${gid ?? 0},size=${megabytes}m`;
  mount({ source: 'tmpfs', target, type: 'tmpfs', flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data });
}

/** Puts an empty folder that nobody can write in front of one that is not the session's business. */
export function hide(target: string): void {
  mount({ source: 'tmpfs', target, type: 'tmpfs', flags: MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, data: 'mode=755,size=4k' });
}

/** The process table of the caller's own pid namespace; other users' processes are not shown. */
export function mountProc(target: string): void {
  mount({ source: 'proc', target, type: 'proc', flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: 'hidepid=2' });
}

/** Terminals of its own, none of which is the machine's. */
export function mountTerminals(target: string): void {
  mount({ source: 'devpts', target, type: 'devpts', flags: MS_NOSUID | MS_NOEXEC, data: 'newinstance,ptmxmode=0666,mode=620' });
}

/** Moves a mount with all that is mounted on it. */
export function moveMount(source: string, target: string): void {
  mount({ source, target, type: null, flags: MS_MOVE });
}

/** Makes one mount read-only that had to be written while it was filled. */
export function sealMount(target: string): void {
  mount({ source: 'none', target, type: null, flags: MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC });
}

/** Shows the file `source` at `target` as well. */
export function bindFile(source: string, target: string): void {
  writeFileSync(target, '', { flag: 'a' });
  mount({ source, target, type: null, flags: MS_BIND });
}

/** Takes away what was shown at `target`; who has it open keeps it. */
export function removeMount(target: string): void {
  unmount(target, MNT_DETACH);
}

/** Takes hold of a file in the caller's present namespace, so that it can be shown in another after `setns`. */
export function grabMount(path: string): number {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  return syscall(`open_tree ${path}`, SYS_OPEN_TREE, 'int', AT_FDCWD, 'const char *', path, 'unsigned int', flags);
}

/** Shows what `grabMount` took at `target`, and closes it. */
export function placeMount(fd: number, target: string): void {
  mkdirSync(target.slice(0, target.lastIndexOf('/')), { recursive: true });
  writeFileSync(target, '', { flag: 'a' });
  syscall(
    `move_mount ${target}`,
    SYS_MOVE_MOUNT,
    'int',
    fd,
    'const char *',
    '',
    'int',
    AT_FDCWD,
    'const char *',
    target,
    'unsigned int',
    MOVE_MOUNT_F_EMPTY_PATH,
  );
  closeSync(fd);
}
