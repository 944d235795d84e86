/**
 * The system calls that Node has no API for, bound once through koffi. Owns the bindings and how a failed call is told;
 * knows nothing of sessions, users or policy. Linux only: nothing here is loaded on another system.
 */
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';
import { WardlockError } from '../../core/errors/index.ts';

const libc = koffi.load('libc.so.6');

type Call = (...args: readonly unknown[]) => unknown;
const bind = (definition: string): Call => libc.func(definition);

const native = {
  unshare: bind('int unshare(int flags)'),
  setns: bind('int setns(int fd, int kind)'),
  mount: bind('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)'),
  umount2: bind('int umount2(const char *target, int flags)'),
  setsid: bind('int setsid()'),
  umask: bind('uint32_t umask(uint32_t mask)'),
  signal: bind('intptr_t signal(int number, intptr_t handler)'),
  execve: bind('int execve(const char *path, const char **argv, const char **envp)'),
  prctl: bind('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)'),
  getsockopt: bind('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *size)'),
  sigprocmask: bind('int sigprocmask(int how, const uint8_t *set, void *old)'),
  setrlimit: bind('int setrlimit(int resource, const uint64_t *limit)'),
  fcntl: bind('int fcntl(int fd, int command, ...)'),
  syscall: bind('long syscall(long number, ...)'),
};

/** Name of an errno such as `EPERM`, or its number where libuv has no name for it. */
function errnoName(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[0] ?? `errno ${errno}`;
}

function checked(call: string, result: unknown): number {
  const value = typeof result === 'bigint' ? Number(result) : result;
  if (typeof value !== 'number') throw new WardlockError('OS_CALL_FAILED', `${call}: the call gave no number back.`);
  if (value === -1) throw new WardlockError('OS_CALL_FAILED', `${call}: ${errnoName(koffi.errno())}`);
  return value;
}

/**
 * A raw system call by number, for what the C library does not wrap. Arguments are pairs of a koffi type and a value.
 * @param call what is tried, in words for the operational log
 * @throws WardlockError `OS_CALL_FAILED` with the name of the errno, as do all functions of this file
 */
export function syscall(call: string, number: number, ...args: readonly unknown[]): number {
  return checked(call, native.syscall(number, ...args));
}

/** unshare(2). Affects the calling thread only, which is what makes a later execve from the main thread keep it. */
export function unshare(flags: number): void {
  checked('unshare', native.unshare(flags));
}

/** setns(2) into the namespace that `fd` names. */
export function setns(fd: number, kind: number): void {
  checked('setns', native.setns(fd, kind));
}

interface MountRequest {
  readonly source: string;
  readonly target: string;
  readonly type: string | null;
  readonly flags: number;
  readonly data?: string;
}

/** mount(2). */
export function mount(request: MountRequest): void {
  const { source, target, type, flags, data } = request;
  checked(`mount ${type ?? 'bind'} on ${target}`, native.mount(source, target, type, flags, data ?? null));
}

/** umount2(2). */
export function unmount(target: string, flags: number): void {
  checked(`umount ${target}`, native.umount2(target, flags));
}

/** A system call whose number differs between the two processors that Wardlock runs on (unistd.h of each). */
export function syscallByArchitecture(
  call: string,
  numbers: { readonly x64: number; readonly arm64: number },
  ...args: readonly unknown[]
): number {
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') throw new WardlockError('OS_CALL_FAILED', `${call} is not known on ${arch}.`);
  return syscall(call, numbers[arch], ...args);
}

/**
 * Replaces supplementary groups, gid and uid of the calling thread for good, in this order: the uid last, because it takes the right to
 * do the others. The bare calls, because the C library would stop every other thread to do the same there; those end at execve.
 */
export function becomeUser(uid: number, gid: number): void {
  syscallByArchitecture('setgroups', { x64: 116, arm64: 159 }, 'size_t', 0, 'void *', null);
  syscallByArchitecture('setresgid', { x64: 119, arm64: 149 }, 'uint32_t', gid, 'uint32_t', gid, 'uint32_t', gid);
  syscallByArchitecture('setresuid', { x64: 117, arm64: 147 }, 'uint32_t', uid, 'uint32_t', uid, 'uint32_t', uid);
}

/** setsid(2): a session and process group of its own, without a controlling terminal. */
export function newProcessSession(): void {
  checked('setsid', native.setsid());
}

/** umask(2). */
export function setUmask(mask: number): void {
  native.umask(mask);
}

/** prctl(2). */
export function prctl(call: string, option: number, a = 0, b = 0): number {
  return checked(`prctl ${call}`, native.prctl(option, a, b, 0, 0));
}

const SYS_PIDFD_OPEN = 434;
const SYS_CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const F_SETFD = 2;
const STANDARD_STREAMS = [0, 1, 2];
const SIG_DFL = 0;
const SIG_IGN = 1;
const LAST_SIGNAL = 64;
const SIG_SETMASK = 2;
const SIGCHLD = 17;
const SIGNAL_SET_BYTES = 128;

/** Gives every signal its default meaning and blocks none: an ignored or blocked signal would be inherited by execve. */
export function resetSignals(): void {
  // SIGKILL, SIGSTOP and the C library's own two refuse, which is as it should be.
  for (let number = 1; number <= LAST_SIGNAL; number += 1) native.signal(number, SIG_DFL);
  checked('sigprocmask', native.sigprocmask(SIG_SETMASK, Buffer.alloc(SIGNAL_SET_BYTES), null));
}

/** Lets the kernel reap children by itself (sigaction(2), SIGCHLD ignored); inherited by execve. */
export function ignoreChildExits(): void {
  native.signal(SIGCHLD, SIG_IGN);
}

/** setrlimit(2), both limits in the resource's own unit. */
export function setResourceLimit(resource: number, soft: number, hard: number): void {
  checked('setrlimit', native.setrlimit(resource, [soft, hard]));
}

/** execve(2). Returns only by throwing. */
export function execve(path: string, argv: readonly string[], env: readonly string[]): never {
  checked(`execve ${path}`, native.execve(path, [...argv, null], [...env, null]));
  throw new WardlockError('OS_CALL_FAILED', `execve ${path}: it returned without an error.`);
}

/** pidfd_open(2): a handle on a process that can't come to mean another one. Closed on execve. */
export function openPidfd(pid: number): number {
  return syscall('pidfd_open', SYS_PIDFD_OPEN, 'int', pid, 'unsigned int', 0);
}

/** Marks every descriptor from `first` on to be closed by execve (close_range(2)). */
export function closeOnExecFrom(first: number): void {
  syscall('close_range', SYS_CLOSE_RANGE, 'unsigned int', first, 'unsigned int', 0xffff_ffff, 'unsigned int', CLOSE_RANGE_CLOEXEC);
}

/** Lets standard input, output and error survive execve: Node marks them otherwise, and a program would open its files in their place. */
export function keepStandardStreams(): void {
  for (const fd of STANDARD_STREAMS) checked('fcntl F_SETFD', native.fcntl(fd, F_SETFD, 'int', 0));
}

/** getsockopt(2) of an option of fixed size. */
export function socketOption(fd: number, level: number, name: number, size: number): Buffer {
  const value = Buffer.alloc(size);
  const length = [size];
  checked('getsockopt', native.getsockopt(fd, level, name, value, length));
  if (length[0] !== size) throw new WardlockError('OS_CALL_FAILED', `getsockopt: ${length[0]} bytes came instead of ${size}.`);
  return value;
}
