/** Starts the appender as a real process and reads what it acknowledged. Test helper; kills only what it started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreKit } from './store-kit.ts';

export interface AppenderOptions {
  readonly first?: number;
  readonly count?: number;
  readonly appenders?: number;
  readonly birth?: 'enrolment' | 'existing';
  readonly rotateEach?: number;
  readonly goesOn?: boolean;
  readonly seeds?: string;
  readonly stays?: boolean;
  readonly storeDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Appender {
  readonly child: ChildProcess;
  readonly acks: string;
  readonly output: () => string;
  /** Exit code or signal. */
  readonly ended: Promise<number | string>;
}

const LINE_FEED = 10;

const PROGRAM = join(import.meta.dirname, 'appender.ts');

export function startAppender(seat: StoreKit, options: AppenderOptions = {}): Appender {
  const acks = join(seat.dir, 'acks');
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const order = {
    dir: seat.dir,
    storeDir: options.storeDir ?? seat.storeDir,
    workstation: hex(seat.workstation),
    logSeed: hex(seat.logSeed),
    recipients: seat.recipients.map(({ role, publicKey }) => ({ role, publicKey: hex(publicKey) })),
    acks,
    first: options.first ?? 0,
    count: options.count ?? 1_000_000,
    appenders: options.appenders ?? 4,
    birth: options.birth ?? 'existing',
    rotateEach: options.rotateEach ?? 0,
    goesOn: options.goesOn ?? false,
    seeds: options.seeds ?? '',
    stays: options.stays ?? false,
  };
  const path = join(seat.dir, 'order.json');
  writeFileSync(path, JSON.stringify(order));
  const child = spawn(process.execPath, [PROGRAM, path], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<number | string>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')));
  const appender = { child, acks, output: () => output, ended };
  running.add(appender);
  void ended.then(() => running.delete(appender));
  return appender;
}

/** Does something to its surroundings while it stands still, with no system call under way. */
export async function between({ child }: Appender, act: () => void): Promise<void> {
  const threads = `/proc/${child.pid}/task`;
  const stands = (thread: string): boolean => /^State:\tT/m.test(readFileSync(`${threads}/${thread}/status`, 'utf8'));
  child.kill('SIGSTOP');
  while (!readdirSync(threads).every(stands)) await new Promise((resolve) => setTimeout(resolve, 1));
  act();
  child.kill('SIGCONT');
}

const running = new Set<Appender>();

/** Ends those that a failed test left behind. */
export async function endAppenders(): Promise<void> {
  for (const { child, ended } of running) {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Which events were acknowledged, and at which place. A torn last line was not. */
export function acknowledged(path: string): ReadonlyMap<number, number> {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return new Map(
    whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [at = '', seq = ''] = line.split(' ');
        return [Number(at), Number(seq)];
      }),
  );
}

/** Waits until the process has said this, or ended. */
export async function untilSaid(appender: Appender, words: string): Promise<void> {
  let over = false;
  void appender.ended.then(() => {
    over = true;
  });
  while (!over && !appender.output().includes(words)) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Waits until so many acknowledgements were written, or the process ended. */
export async function untilAcknowledged(appender: Appender, count: number): Promise<void> {
  let over = false;
  void appender.ended.then(() => {
    over = true;
  });
  while (!over && linesOf(appender.acks) < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Asked every few milliseconds while the process that is waited for needs the processor: counted without being read. */
function linesOf(path: string): number {
  if (!existsSync(path)) return 0;
  const bytes = readFileSync(path);
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}
