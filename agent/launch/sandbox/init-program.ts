/**
 * Process 1 of a session's own pid namespace. Sets up the session's mounts, says so, gives up every right and then only
 * sleeps: its end is the end of everything in the session. Never starts a program of the policy.
 */
import { closeSync, existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { becomeUser, execve, ignoreChildExits, keepStandardStreams, resetSignals } from '../../os/libc.ts';
import {
  bindFile,
  enterOwnIpcNamespace,
  enterOwnMountNamespace,
  enterOwnNetworkNamespace,
  hide,
  makeEverythingReadOnly,
  mountProc,
  mountTerminals,
  mountTmpfs,
  moveMount,
  sealMount,
} from '../../os/mounts.ts';
import { emptyKeyringsOf, endWithParent, giveUpCapabilities } from '../../os/privileges.ts';
import { AGENT_FD, MEGABYTES, SANDBOX_GIVEN, SANDBOX_HOME, SANDBOX_RUNTIME, SANDBOX_WINDOW_MANAGER, X_SOCKET_FOLDER } from './layout.ts';
import { type InitRequest, type Progress, readInitRequest } from './messages.ts';

/** `nobody`: no application runs as this user, so none can signal or look into process 1. */
const NOBODY = 65_534;
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
/** Other people's homes and the sockets of the machine's services: hidden behind folders that get places of the session's own. */
const FOLDERS_WITH_PLACES = ['/home', '/run'];
const HIDDEN = ['/root', '/srv', '/media', '/mnt', '/var/spool', '/var/mail', '/boot'];

function tell(progress: Progress): void {
  writeSync(AGENT_FD, `${JSON.stringify(progress)}\n`);
}

function setUp(request: InitRequest): void {
  const windowManager = readFileSync(request.windowManager);
  enterOwnMountNamespace();
  enterOwnIpcNamespace();
  leaveNetwork();
  const { uid, gid } = request;
  emptyKeyringsOf(uid);
  makeEverythingReadOnly();
  for (const folder of FOLDERS_WITH_PLACES) mountTmpfs({ target: folder, mode: '755', megabytes: 1 });
  mountTmpfs({ target: '/tmp', mode: '1777', megabytes: MEGABYTES.tmp });
  mountTmpfs({ target: '/var/tmp', mode: '1777', megabytes: MEGABYTES.small });
  makeDevices();
  mountProc('/proc');
  // Read by the kernel for the pid namespace of the writer. 2: no memory file can be executed, whatever its maker asks for.
  writeFileSync('/proc/sys/vm/memfd_noexec', '2');
  for (const folder of [SANDBOX_HOME, SANDBOX_RUNTIME, SANDBOX_GIVEN]) mkdirSync(folder, { recursive: true, mode: 0o755 });
  mountTmpfs({ target: SANDBOX_HOME, mode: '700', uid, gid, megabytes: MEGABYTES.home });
  mountTmpfs({ target: SANDBOX_RUNTIME, mode: '700', uid, gid, megabytes: MEGABYTES.small });
  writeFileSync(SANDBOX_WINDOW_MANAGER, windowManager, { mode: 0o444 });
  // Made by root before any application runs, in a sticky folder: no application can put a folder of its own here.
  mkdirSync(X_SOCKET_FOLDER, { mode: 0o755 });
  for (const folder of new Set([...HIDDEN, ...request.hide].flatMap(realFolder))) hide(folder);
}

/** A kernel that refuses leaves the session in the agent's network: the agent looks at where it is, and the seat says so. */
function leaveNetwork(): void {
  try {
    enterOwnNetworkNamespace();
  } catch {
    // Seen by `Sandbox.hasOwnNetwork`.
  }
}

/** Where a folder really is: hiding a link would hide nothing. What is not there, or is hidden already, is left out. */
function realFolder(path: string): readonly string[] {
  return existsSync(path) ? [realpathSync(path)] : [];
}

/** A /dev of a few harmless devices. Taken from the machine's before it disappears behind the new one. */
function makeDevices(): void {
  mkdirSync('/tmp/dev');
  mountTmpfs({ target: '/tmp/dev', mode: '755', megabytes: 1 });
  for (const name of DEVICES.filter((device) => existsSync(`/dev/${device}`))) bindFile(`/dev/${name}`, `/tmp/dev/${name}`);
  moveMount('/tmp/dev', '/dev');
  rmdirSync('/tmp/dev');
  mkdirSync('/dev/shm');
  mountTmpfs({ target: '/dev/shm', mode: '1777', megabytes: MEGABYTES.sharedMemory });
  mkdirSync('/dev/pts');
  mountTerminals('/dev/pts');
  symlinkSync('pts/ptmx', '/dev/ptmx');
  symlinkSync('/proc/self/fd', '/dev/fd');
  sealMount('/dev');
}

/** Gives up every right and sleeps. The kernel reaps orphans by itself, because their exits are ignored here. */
function sleepForEver(): never {
  closeSync(AGENT_FD);
  resetSignals();
  keepStandardStreams();
  ignoreChildExits();
  giveUpCapabilities();
  becomeUser(NOBODY, NOBODY);
  // After the change of user, which clears it: when the agent dies, the session ends.
  endWithParent();
  return execve('/bin/sleep', ['wardlock-session', 'infinity'], []);
}

try {
  const request: unknown = JSON.parse(process.argv[2] ?? '');
  setUp(readInitRequest(request));
  tell({ state: 'ready' });
} catch (cause) {
  tell({ state: 'failed', detail: cause instanceof Error ? cause.message : String(cause) });
  process.exit(1);
}
sleepForEver();
