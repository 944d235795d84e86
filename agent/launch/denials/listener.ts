/**
 * The agent's end of the denial listener: starts it where the kernel's records arrive, reads its lines, and says when reports can no
 * longer be relied on. Losing the reports loosens nothing: what is denied stays denied.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { setns } from '../../os/libc.ts';
import type { CountedDenial } from './tally.ts';

const Line = Type.Union([
  Type.Object({ state: Type.Union([Type.Literal('listening'), Type.Literal('lost'), Type.Literal('switched-off')]) }),
  Type.Object({
    state: Type.Literal('denied'),
    domainPid: Type.Integer({ minimum: 1 }),
    access: Type.Union([Type.Literal('execute'), Type.Literal('read')]),
    path: Type.String({ maxLength: 8_192 }),
    count: Type.Integer({ minimum: 1 }),
  }),
]);
type Line = Static<typeof Line>;
const line = Compile(Line);

export interface DenialHandlers {
  readonly onDenied: (denial: CountedDenial) => void;
  /** Records were lost, someone switched them off, or the listener ended without being told to. */
  readonly onTrouble: (what: 'lost' | 'switched-off' | 'ended') => void;
}

export interface DenialListener {
  close(): Promise<void>;
}

const CLONE_NEWNET = 0x40000000;
const LISTENING_LIMIT_MS = 10_000;

/** Starts to listen. Resolves when the kernel's records arrive. */
export async function listenForDenials(handlers: DenialHandlers): Promise<DenialListener> {
  const child = spawnInFirstNetwork();
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let isClosing = false;
  const listening = Promise.withResolvers<void>();
  const deadline = setTimeout(() => child.kill('SIGKILL'), LISTENING_LIMIT_MS);
  if (child.stdout === null) throw new TypeError('The listener was started without its output.');
  createInterface({ input: child.stdout }).on('line', (text) => {
    const told = parse(text);
    if (told?.state === 'listening') listening.resolve();
    else if (told?.state === 'denied') handlers.onDenied(told);
    else if (told !== undefined) handlers.onTrouble(told.state);
  });
  void ended.then(() => {
    listening.reject(new Error('the listener ended'));
    if (!isClosing) handlers.onTrouble('ended');
  });
  try {
    await listening.promise;
  } finally {
    clearTimeout(deadline);
  }
  const close = async (): Promise<void> => {
    isClosing = true;
    child.kill('SIGKILL');
    await ended;
  };
  return { close };
}

function parse(text: string): Line | undefined {
  try {
    const told: unknown = JSON.parse(text);
    return line.Check(told) ? told : undefined;
  } catch {
    return undefined;
  }
}

/** `spawn` forks on this very thread and before it returns, so only the listener is born in the machine's first network namespace. */
function spawnInFirstNetwork(): ChildProcess {
  const program = join(import.meta.dirname, `listener-program${extname(import.meta.filename)}`);
  const home = openSync('/proc/self/ns/net', 'r');
  const first = openFirstNetwork();
  try {
    setns(first, CLONE_NEWNET);
    return spawn(process.execPath, [program], { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
  } finally {
    setns(home, CLONE_NEWNET);
    closeSync(home);
    closeSync(first);
  }
}

/**
 * Process 1 is in the machine's first network namespace. In a container it may be closed even to root; then whoever started the agent, which
 * has a namespace of its own, is the next best guess. A wrong guess is found out, because no record comes.
 */
function openFirstNetwork(): number {
  for (const pid of [1, process.ppid]) {
    try {
      return openSync(`/proc/${pid}/ns/net`, 'r');
    } catch {
      // EACCES or ENOENT: closed or gone. The next one is tried.
    }
  }
  return openSync('/proc/self/ns/net', 'r');
}
