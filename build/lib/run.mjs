// Owns starting other programs for the start-up scripts. Must never use a shell: arguments arrive as they were given.
import { spawn } from 'node:child_process';

/** How much of a program's output is kept unless the caller wants all of it, in characters; the end is what explains a failure. */
const KEEP = 2_000_000;

/**
 * Runs a program to its end and keeps what it wrote.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: Record<string, string|undefined>, timeoutMs?: number, keep?: number, hear?: (text: string) => void}} [options]
 *   hear gets its standard error as it comes
 * @returns {Promise<{code: number, out: string, err: string, ms: number}>} code is 127 when the program does not exist
 *   and 124 when it took longer than `timeoutMs`
 */
export function run(program, args, options = {}) {
  return new Promise((resolve) => {
    const began = Date.now();
    const keep = options.keep ?? KEEP;
    let out = '';
    let err = '';
    let late = false;
    const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            child.kill('SIGKILL');
          }, options.timeoutMs);
    const finish = (code) => {
      clearTimeout(timer);
      resolve({ code, out, err, ms: Date.now() - began });
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out = (out + text).slice(-keep);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err = (err + text).slice(-keep);
      options.hear?.(text);
    });
    child.on('error', (error) => {
      err += error.message;
      finish(127);
    });
    child.on('close', (code, signal) => finish(late ? 124 : signal === null ? code : 128));
  });
}

/**
 * Hands the terminal over to a program and waits for its end. Ctrl+C and SIGTERM reach it and are not answered here, so that it
 * can clean up first.
 *
 * @returns {Promise<number>} its exit code
 */
export function handOver(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: 'inherit' });
    const stop = () => child.kill('SIGTERM');
    const interrupted = () => {};
    process.on('SIGINT', interrupted);
    process.on('SIGTERM', stop);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', stop);
      resolve(signal === null ? (code ?? 128) : 128);
    });
  });
}

/** The last lines of a program's output, for a person. */
export function tail(text, lines = 40) {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}
