/**
 * Becomes one application of the policy. Waits warm inside the session's pid namespace and cgroup, then takes the files
 * that the agent has opened and hashed, shuts itself in and executes. Every step that fails ends it before the application starts.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  ABI_WITH_SCOPES,
  ACCESS_EXECUTE,
  ACCESS_READ_FILE,
  allow,
  createRuleset,
  landlockAbi,
  restrictSelf,
  SCOPE_ABSTRACT_UNIX_SOCKET,
  SCOPE_SIGNAL,
} from '../../os/landlock.ts';
import {
  becomeUser,
  closeOnExecFrom,
  execve,
  keepStandardStreams,
  newProcessSession,
  openPidfd,
  resetSignals,
  setResourceLimit,
  setUmask,
} from '../../os/libc.ts';
import { joinNamespaces } from '../../os/mounts.ts';
import { endWithParent, giveUpCapabilities, leaveKeyring } from '../../os/privileges.ts';
import { AGENT_FD, READABLE_INSIDE } from './layout.ts';
import { memoryLimitBytes, OPEN_FILES, PROCESSES } from './limits.ts';
import { type HeldFile, type Progress, readStartRequest, readWarmRequest, type StartRequest, type WarmRequest } from './messages.ts';

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const PRIVATE_UMASK = 0o077;
const RLIMIT_DATA = 2;
const RLIMIT_CORE = 4;
const RLIMIT_NPROC = 6;
const RLIMIT_NOFILE = 7;
/** Where memory runs out the kernel ends an application first, whatever the agent that starts it is spared (proc(5), oom_score_adj). */
const OUT_OF_MEMORY_FIRST = '500';
/** The session's process 1, as this process sees it: both are in the same pid namespace. */
const INIT_PID = 1;
const LINE_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

function tell(progress: Progress): void {
  writeSync(AGENT_FD, `${JSON.stringify(progress)}\n`);
}

/** One line from the agent. Ends this process when the agent is gone: an unused starter must not outlive it. */
function hear(): unknown {
  const chunks: Buffer[] = [];
  for (;;) {
    const buffer = Buffer.alloc(LINE_BYTES);
    const length = readSync(AGENT_FD, buffer);
    if (length === 0) process.exit(0);
    chunks.push(buffer.subarray(0, length));
    if (buffer[length - 1] === NEWLINE) return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  }
}

function holding<T>(path: string, use: (fd: number) => T): T {
  const fd = openSync(path, O_PATH | O_CLOEXEC);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function allowPath(ruleset: number, path: string): void {
  // What is not there needs no rule: its absence denies it.
  if (existsSync(path)) holding(path, (fd) => allow(ruleset, fd, ACCESS_READ_FILE));
}

interface Warm {
  readonly ruleset: number;
  /** The agent's descriptors, by which it hands over the files that it has checked. */
  readonly agentFiles: number;
}

/** All that does not depend on the application, so that a launch has little left to do. */
function warmUp(request: WarmRequest): Warm {
  writeFileSync(join(request.cgroup, 'cgroup.procs'), '0');
  writeFileSync('/proc/self/oom_score_adj', OUT_OF_MEMORY_FIRST);
  const agentFiles = openSync(`/proc/${request.agentPid}/fd`, O_PATH | O_CLOEXEC);
  const scoped = landlockAbi() >= ABI_WITH_SCOPES ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0;
  const ruleset = createRuleset(ACCESS_EXECUTE | ACCESS_READ_FILE, scoped);
  for (const path of request.readable) allowPath(ruleset, path);
  for (const path of READABLE_INSIDE) allowPath(ruleset, `/proc/${request.initPid}/root${path}`);
  const pidfd = openPidfd(INIT_PID);
  joinNamespaces(pidfd);
  closeSync(pidfd);
  newProcessSession();
  setUmask(PRIVATE_UMASK);
  setResourceLimit(RLIMIT_CORE, 0, 0);
  setResourceLimit(RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES);
  // Of the applications' user in all.
  setResourceLimit(RLIMIT_NPROC, PROCESSES, PROCESSES);
  const memoryBytes = memoryLimitBytes();
  setResourceLimit(RLIMIT_DATA, memoryBytes, memoryBytes);
  leaveKeyring();
  giveUpCapabilities();
  return { ruleset, agentFiles };
}

/** The agent's own descriptor, opened again: the very file that was hashed, whatever its name means by now. */
function allowHeld({ ruleset, agentFiles }: Warm, held: HeldFile, access: number): void {
  holding(`/proc/self/fd/${agentFiles}/${held.fd}`, (fd) => {
    requireSame(fstatSync(fd, { bigint: true }), held);
    allow(ruleset, fd, access);
  });
}

function requireSame(found: { readonly dev: bigint; readonly ino: bigint }, held: HeldFile): void {
  if (String(found.dev) !== held.dev || String(found.ino) !== held.ino) throw new Error('the file was replaced after it was checked');
}

function shutIn(warm: Warm, request: StartRequest): void {
  for (const held of [request.program, ...request.executable]) allowHeld(warm, held, ACCESS_EXECUTE | ACCESS_READ_FILE);
  for (const held of request.scripts) allowHeld(warm, held, ACCESS_READ_FILE);
  for (const path of request.readable) allowPath(warm.ruleset, path);
  restrictSelf(warm.ruleset);
  becomeUser(request.uid, request.gid);
  endWithParent();
  process.chdir(request.cwd);
  requireSame(statSync(request.path, { bigint: true }), request.program);
}

try {
  const warm = warmUp(readWarmRequest(hear()));
  tell({ state: 'ready' });
  const request = readStartRequest(hear());
  shutIn(warm, request);
  resetSignals();
  keepStandardStreams();
  closeOnExecFrom(AGENT_FD);
  tell({ state: 'executing' });
  execve(request.path, request.argv, request.env);
} catch (cause) {
  tell({ state: 'failed', detail: cause instanceof Error ? cause.message : String(cause) });
  process.exit(1);
}
