/**
 * Starts `lone-agent-program.ts` and reads what it says, line by line.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface AgentProcess {
  readonly child: ChildProcess;
  /** The next line. Throws when the agent has ended. */
  hears(): Promise<Readonly<Record<string, unknown>>>;
  /** Asks it to end its session; the next line tells how. */
  end(): void;
  close(): Promise<void>;
}

export function startAgent(seat: object, user?: { readonly uid: number; readonly gid: number }, env: NodeJS.ProcessEnv = {}): AgentProcess {
  const program = join(import.meta.dirname, 'lone-agent-program.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(seat)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: '/usr/bin:/bin', ...env },
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hears = async (): Promise<Readonly<Record<string, unknown>>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('The agent ended.');
    return JSON.parse(value);
  };
  const close = async (): Promise<void> => {
    child.stdin.end();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return { child, hears, end: () => child.stdin.write('end\n'), close };
}
