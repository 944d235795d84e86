/**
 * Becomes one application of the policy. Waits warm inside the session's pid namespace and cgroup, then takes the files
 * that the agent has opened and hashed, shuts itself in and executes. Every step that fails ends it before the application starts.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
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
import { grabMount, joinNamespaces, placeMount } from '../../os/mounts.ts';
import { endWithParent, giveUpCapabilities } from '../../os/privileges.ts';
import { AGENT_FD, READABLE_INSIDE, X_SOCKET_FOLDER } from './layout.ts';
import { type HeldFile, type Progress, readStartRequest, readWarmRequest, type StartRequest, type WarmRequest } from './messages.ts';

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const PRIVATE_UMASK = 0o077;
const RLIMIT_CORE = 4;
const RLIMIT_NOFILE = 7;
const OPEN_FILES = 4_096;
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

/** All that does not depend on the application, so that a launch has little left to do. */
function warmUp(request: WarmRequest): number {
  writeFileSync(join(request.cgroup, 'cgroup.procs'), '0');
  const scoped = landlockAbi() >= ABI_WITH_SCOPES ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0;
  const ruleset = createRuleset(ACCESS_EXECUTE | ACCESS_READ_FILE, scoped);
  for (const path of request.readable) allowPath(ruleset, path);
  for (const path of READABLE_INSIDE) allowPath(ruleset, `/proc/${request.initPid}/root${path}`);
  return ruleset;
}

/** The agent's own descriptor, opened again: the very file that was hashed, whatever its name means by now. */
function allowHeld(ruleset: number, agentPid: number, held: HeldFile): void {
  holding(`/proc/${agentPid}/fd/${held.fd}`, (fd) => {
    requireSame(fstatSync(fd, { bigint: true }), held);
    allow(ruleset, fd, ACCESS_EXECUTE | ACCESS_READ_FILE);
  });
}

function requireSame(found: { readonly dev: bigint; readonly ino: bigint }, held: HeldFile): void {
  if (String(found.dev) !== held.dev || String(found.ino) !== held.ino) throw new Error('the file was replaced after it was checked');
}

function shutIn(ruleset: number, agentPid: number, request: StartRequest): void {
  for (const held of [request.program, ...request.executable]) allowHeld(ruleset, agentPid, held);
  for (const path of request.readable) allowPath(ruleset, path);
  const display = request.xSocket === null ? undefined : takeDisplay(request.xSocket);
  const pidfd = openPidfd(INIT_PID);
  joinNamespaces(pidfd);
  closeSync(pidfd);
  if (display !== undefined) showDisplay(display);
  newProcessSession();
  setUmask(PRIVATE_UMASK);
  setResourceLimit(RLIMIT_CORE, 0, 0);
  setResourceLimit(RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES);
  giveUpCapabilities();
  restrictSelf(ruleset);
  becomeUser(request.uid, request.gid);
  endWithParent();
  process.chdir(request.cwd);
  requireSame(statSync(request.path, { bigint: true }), request.program);
}

interface TakenDisplay {
  readonly mount: number;
  readonly ino: bigint;
  /** Where the session sees it. */
  readonly inside: string;
}

function takeDisplay(socket: string): TakenDisplay {
  return { mount: grabMount(socket), ino: statSync(socket, { bigint: true }).ino, inside: join(X_SOCKET_FOLDER, basename(socket)) };
}

/** Shows the socket of the nested display, over that of a former display of the same number where there was one. */
function showDisplay({ mount, ino, inside }: TakenDisplay): void {
  if (statSync(inside, { bigint: true, throwIfNoEntry: false })?.ino === ino) closeSync(mount);
  else placeMount(mount, inside);
}

try {
  const warm = readWarmRequest(hear());
  const ruleset = warmUp(warm);
  tell({ state: 'ready' });
  const request = readStartRequest(hear());
  shutIn(ruleset, warm.agentPid, request);
  resetSignals();
  keepStandardStreams();
  closeOnExecFrom(AGENT_FD);
  tell({ state: 'executing' });
  execve(request.path, request.argv, request.env);
} catch (cause) {
  tell({ state: 'failed', detail: cause instanceof Error ? cause.message : String(cause) });
  process.exit(1);
}
