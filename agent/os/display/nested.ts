/**
 * A nested X server (Xephyr) inside a window of the seat's screens: what runs in it sees neither the keys nor the pixels of the
 * display that takes PINs. Owns the server's process, its cookie and its files; starts no application.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WardlockError } from '../../../core/errors/index.ts';
import { type Cgroup, enterCgroup } from '../cgroup.ts';
import { bringToFront, untilManaged } from './manager.ts';
import { freeDisplayNumber, lockHolder, lockPath, socketPath } from './number.ts';
import { resizeNested } from './resize.ts';
import { makeXauthority } from './xauthority.ts';

/** A window of the seat's screens, on the display that the screens use. */
export interface Surface {
  /** Such as `:0`. */
  readonly display: string;
  /** The cookie of that display, where it asks for one. Must be readable by the user of the screens. */
  readonly xauthority?: string;
  /** The XID of the window. */
  readonly windowId: number;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

export interface NestedDisplayRequest {
  readonly surface: Surface;
  /** A folder that the user of the screens can pass through; a folder of its own is made in it. */
  readonly authFolder: string;
  /** The user that the server runs as: the one of the screens. The caller's own where absent. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Where the server is found again when whoever started it has died. */
  readonly cgroup?: Cgroup;
}

export interface NestedDisplay {
  /** Such as `:100`. */
  readonly name: string;
  /** The cookie for clients, readable by the caller only. */
  readonly xauthority: string;
  readonly pid: number;
  /** Resolves when the server is gone, wanted or not. */
  readonly ended: Promise<void>;
  /** Fits the display to its window after that has changed. */
  resize(width: number, height: number): Promise<void>;
  /**
   * Resolves when a window manager does its work on it.
   * @throws WardlockError `OS_DISPLAY_FAILED` where none does in time
   */
  untilManaged(): Promise<void>;
  /** Brings the windows of these processes, as this process numbers them, to the front; false where they have none. */
  front(pids: readonly number[]): Promise<boolean>;
  /** Ends the server at once: its window turns empty and every client loses its connection. */
  end(): Promise<void>;
}

const READY_LIMIT_MS = 10_000;
const POLL_MS = 10;
/** Applications have 500, the screens less than 0. */
const OUT_OF_MEMORY_AFTER_APPLICATIONS = '400';
/** Characters of a failed server's own words that go into an error. */
const LAST_WORDS_LIMIT = 300;
const TRIES = 5;
const PRIVATE_FILE = 0o400;
const PASS_THROUGH = 0o710;
/** Little-endian, protocol 11.0, no authorisation. */
const CONNECTION_SETUP = Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/**
 * Starts a nested display.
 * @throws WardlockError `OS_DISPLAY_FAILED`, after having removed what was made
 */
export async function startNestedDisplay(request: NestedDisplayRequest): Promise<NestedDisplay> {
  let number = freeDisplayNumber();
  for (let left = TRIES; ; left -= 1) {
    const started = await tryNumber(request, number);
    if (typeof started !== 'string') return started;
    if (left === 0) {
      const words = started === '' ? '' : ` It said: ${started}`;
      throw new WardlockError(
        'OS_DISPLAY_FAILED',
        `The display for applications did not start. Is xserver-xephyr installed, and is the window still there?${words}`,
      );
    }
    number = freeDisplayNumber(number + 1);
  }
}

/** @returns the display, or what the server said before it ended */
async function tryNumber(request: NestedDisplayRequest, number: number): Promise<NestedDisplay | string> {
  const files = writeCookies(request, number);
  const server = startServer(request, { number, auth: files.server });
  const said = lastWords(server);
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  const clear = (): void => {
    rmSync(files.folder, { recursive: true, force: true });
    // Another server that took the number a moment earlier has these.
    if (lockHolder(number) !== server.pid) return;
    rmSync(socketPath(number), { force: true });
    rmSync(lockPath(number), { force: true });
  };
  const { pid } = server;
  if (pid !== undefined && request.cgroup !== undefined) await enterCgroup(request.cgroup, pid);
  if (pid !== undefined) sacrificeBeforeScreens(pid);
  const isReady = await Promise.race([whenReady(server, number), ended.then(() => false)]);
  if (!isReady || pid === undefined) {
    server.kill('SIGKILL');
    await ended;
    clear();
    return said();
  }
  void ended.then(clear);
  const display = `:${number}`;
  const { user } = request;
  const client = user === undefined ? { display, xauthority: files.client } : { display, xauthority: files.server, user };
  return {
    name: display,
    xauthority: files.client,
    pid,
    ended,
    untilManaged: () => untilManaged(client),
    front: (pids) => bringToFront(client, pids),
    resize: (width, height) => resizeNested({ ...request.surface, width, height }, user),
    end: async () => {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

/** Reads what a server says, so that its pipe never fills, and keeps the end of it for an error message. */
function lastWords(server: ChildProcess): () => string {
  let words = '';
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-LAST_WORDS_LIMIT);
  });
  return () => words.replaceAll(/\s+/g, ' ').trim();
}

interface CookieFiles {
  readonly folder: string;
  readonly server: string;
  readonly client: string;
}

/** The same cookie twice: the server's file belongs to the user of the screens, the clients' to the caller. */
function writeCookies({ authFolder, user }: NestedDisplayRequest, number: number): CookieFiles {
  const folder = mkdtempSync(join(authFolder, 'display-'));
  const files = { folder, server: join(folder, 'server'), client: join(folder, 'client') };
  const cookie = makeXauthority(number);
  for (const file of [files.server, files.client]) writeFileSync(file, cookie, { mode: PRIVATE_FILE });
  if (user !== undefined) {
    chownSync(files.server, user.uid, user.gid);
    chownSync(folder, 0, user.gid);
    // The group may pass through, to the one file that is its own; it may not look around.
    chmodSync(folder, PASS_THROUGH);
  }
  return files;
}

function startServer(request: NestedDisplayRequest, given: { readonly number: number; readonly auth: string }): ChildProcess {
  const { surface, user } = request;
  const args = [
    ...[`:${given.number}`, '-parent', String(surface.windowId), '-screen', `${surface.width}x${surface.height}`],
    // Its grab by ctrl+shift would hold the pointer and the keys of the whole seat.
    '-no-host-grab',
    ...['-noreset', '-auth', given.auth, '-nolisten', 'tcp'],
    // No abstract socket: it would be reachable from every file system, and libxcb asks no other once it was refused there.
    ...['-nolisten', 'local'],
    // Shared memory does not reach across users and IPC namespaces; recording and synthetic input are nobody's business.
    ...['MIT-SHM', 'RECORD', 'XTEST'].flatMap((extension) => ['-extension', extension]),
  ];
  const { display, xauthority } = surface;
  const env = { PATH: '/usr/bin:/bin', DISPLAY: display, ...(xauthority === undefined ? {} : { XAUTHORITY: xauthority }) };
  return spawn('Xephyr', args, { env, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], ...(user === undefined ? {} : user) });
}

/** What it keeps for applications must not spare it as the agent is spared, nor end it before them (proc(5), oom_score_adj). */
function sacrificeBeforeScreens(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, OUT_OF_MEMORY_AFTER_APPLICATIONS);
  } catch {
    // It has ended: that is found out below.
  }
}

/** Ready when the number is its own and its socket takes a connection: the server makes it before it can answer, and answers in order. */
async function whenReady(server: ChildProcess, number: number): Promise<boolean> {
  const deadline = performance.now() + READY_LIMIT_MS;
  while (performance.now() < deadline && server.exitCode === null && server.signalCode === null) {
    if (lockHolder(number) === server.pid && existsSync(socketPath(number)) && (await answers(socketPath(number)))) return true;
    await sleep(POLL_MS);
  }
  return false;
}

/** X protocol, connection setup without a cookie: a server that runs refuses in words, which is an answer. */
async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect(path, () => socket.write(CONNECTION_SETUP));
  socket.once('data', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.once('close', () => resolve(false));
  socket.setTimeout(READY_LIMIT_MS, () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
