/**
 * One long-running process of the clinic: started with a log file, awaited by its machine-readable ready line, ended
 * within a bound. It ends only what it started itself, by the handle that the start returned.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** How long a process may take to say that it is ready. */
const READY_LIMIT_MS = 30_000;
/** How long a process may take to end by itself before it is killed. */
const STOP_LIMIT_MS = 8_000;
/** Lines kept in memory so that a failing start can show what was said last. */
const TAIL_LINES = 12;

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly cwd: string;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the first line of standard output that `accept` takes; rejects when the process ends or is late. */
  readyLine<T>(accept: (line: string) => T | undefined): Promise<T>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  running(): boolean;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export function startChild(spec: ChildSpec): Child {
  const log: WriteStream = createWriteStream(spec.logFile, { flags: 'a', mode: 0o600 });
  const child: ChildProcess = spawn(spec.command, [...spec.args], {
    cwd: spec.cwd,
    env: { ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tail: string[] = [];
  const watchers = new Set<(line: string) => void>();
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', (error) => {
      remember(`${spec.command}: ${error.message}`);
      resolve({ code: null, signal: null });
    });
  });

  function remember(line: string): void {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    log.write(`${line}\n`);
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      remember(line);
      if (stream === child.stdout) for (const watch of watchers) watch(line);
    });
  }
  void exited.then(() => log.end());

  const running = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;

  return {
    name: spec.name,
    pid: child.pid ?? -1,
    exited,
    running,
    readyLine(accept) {
      return new Promise((resolve, reject) => {
        const failed = (why: string): void => {
          finish();
          reject(
            new Error(`${spec.name} ${why}. Its last words, also in ${spec.logFile}:\n${tail.map((line) => `    ${line}`).join('\n')}`),
          );
        };
        const watch = (line: string): void => {
          const value = accept(line);
          if (value === undefined) return;
          finish();
          resolve(value);
        };
        const timer = setTimeout(() => failed(`was not ready after ${READY_LIMIT_MS / 1000} s`), READY_LIMIT_MS);
        const finish = (): void => {
          clearTimeout(timer);
          watchers.delete(watch);
        };
        watchers.add(watch);
        void exited.then(({ code, signal }) => failed(`ended at once (exit ${code ?? signal ?? 'not started'})`));
      });
    },
    kill(signal) {
      if (running()) child.kill(signal);
    },
    async stop() {
      if (!running()) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(timer);
      if (child.stdout?.readable) await Promise.race([once(child.stdout, 'close'), new Promise((resolve) => setTimeout(resolve, 200))]);
    },
  };
}
