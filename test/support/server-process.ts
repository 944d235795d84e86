/**
 * A real server process on random ports with its own state folder, driven as people drive it: by the command line. Owns
 * the process and the folder it made, and ends both.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';

const program = resolve(import.meta.dirname, '../../cli/main.ts');
const run = promisify(execFile);
/** Shorter than any test's own limit, which could not say what it waited for. */
const UNTIL_LIMIT_MS = 55_000;

export interface ReadyLine {
  readonly seats: string;
  readonly console: string;
  readonly ca: string;
  /** C2SP vkey. */
  readonly witnessKey: string;
  readonly pid: number;
  readonly caMade: boolean;
}

export interface ServerProcess {
  readonly ready: ReadyLine;
  readonly state: string;
  readonly child: ChildProcess;
  /** What it said on standard error so far. */
  stderr(): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** One run of the command line; rejects with its standard error when it fails. @param hear gets its standard error while it runs */
export async function cli(args: readonly string[], input?: string, hear: (text: string) => void = () => {}): Promise<string> {
  const child = run(process.execPath, [program, ...args], { encoding: 'utf8', maxBuffer: 67_108_864 });
  child.child.stdin?.end(input ?? '');
  child.child.stderr?.on('data', hear);
  return (await child).stdout;
}

export async function startServer(
  folder: string,
  options: { readonly seatsPort?: number; readonly more?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ServerProcess> {
  const state = join(folder, 'server');
  const key = join(folder, 'policy.key');
  try {
    readFileSync(`${key}.pub`);
  } catch {
    await cli(['keys', 'new', 'policy', '--out', key]);
  }
  const args = [
    '--listen-seats',
    `127.0.0.1:${options.seatsPort ?? 0}`,
    '--listen-console',
    '127.0.0.1:0',
    '--state',
    state,
    '--policy-key',
    `${key}.pub`,
    '--json',
  ];
  const child = spawn(process.execPath, [program, 'server', ...args, ...(options.more ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((done) => {
    child.once('exit', (code) => done(code));
  });
  const line = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) done(text.slice(0, text.indexOf('\n')));
    });
    void ended.then((code) => fail(new Error(`the server ended with ${code}: ${stderr}`)));
  });
  const ready: ReadyLine = JSON.parse(line);
  return {
    ready,
    state,
    child,
    stderr: () => stderr,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

export async function newToken(state: string, seat = 'Bay 4'): Promise<string> {
  const made: { token: string } = JSON.parse(
    await cli(['enrol-token', 'new', '--state', state, '--seat', seat, '--ward', 'icu', '--ward-name', 'ICU', '--json']),
  );
  return made.token;
}

/** Reads the server's database as it lies on disk. */
export function rows<T>(state: string, sql: string, ...parameters: readonly (string | number)[]): T[] {
  const database = new Database(join(state, 'wardlock.db'), { readonly: true });
  try {
    return database.prepare<(string | number)[], T>(sql).all(...parameters);
  } finally {
    database.close();
  }
}

/** Polls until `probe` answers something. @throws when it has not within `limitMs`, with what it asks for */
export async function until<T>(
  probe: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  limitMs = UNTIL_LIMIT_MS,
): Promise<T> {
  const limit = performance.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > limit) throw new Error(`not so within ${limitMs} ms: ${probe}`);
    await new Promise((next) => setTimeout(next, 25));
  }
}
