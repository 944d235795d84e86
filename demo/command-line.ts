/**
 * Runs one command of Wardlock's own command line, as IT would type it, and gives back what it printed. The demo does
 * nothing behind the product's back: what it sets up, it sets up through these commands.
 */
import { spawn } from 'node:child_process';
import { WardlockError } from '../core/errors/index.ts';
import type { Runtime } from './runtime.ts';

const COMMAND_LIMIT_MS = 60_000;

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLine {
  /** Any exit code is an answer. */
  run(args: readonly string[], input?: string): Promise<CommandResult>;
  /** @throws WardlockError START_STEP_FAILED where the command failed, with its own words */
  must(args: readonly string[], input?: string): Promise<string>;
}

export function commandLine(runtime: Runtime): CommandLine {
  const run = (args: readonly string[], input = ''): Promise<CommandResult> =>
    new Promise((resolve, reject) => {
      const child = spawn(runtime.node, ['cli/main.ts', ...args], { cwd: runtime.root, stdio: 'pipe', timeout: COMMAND_LIMIT_MS });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
      // A command that ends without reading its input is no fault of the caller.
      child.stdin.on('error', () => undefined).end(input);
    });
  return {
    run,
    async must(args, input) {
      const result = await run(args, input);
      if (result.code !== 0) {
        throw new WardlockError(
          'START_STEP_FAILED',
          `"${args.join(' ')}" ended with ${result.code ?? 'a signal'}: ${result.stderr.trim() || result.stdout.trim()}`,
        );
      }
      return result.stdout;
    },
  };
}
