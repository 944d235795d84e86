/** The kiosk in its real mode, which no test driver can enter. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from '../../../demo/stage.ts';
import type { Ground } from './seat.ts';

export interface Started {
  readonly process: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts it as a service manager would: no driver, no debugger. */
export function start(ground: Ground, more: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Started {
  const { launch } = ground;
  const direct: Command = {
    command: launch.electron,
    args: [
      launch.app,
      `--user-data-dir=${join(launch.home, 'electron')}`,
      '--agent-socket',
      launch.agentSocket,
      '--mode',
      'kiosk',
      ...more,
    ],
  };
  const { command, args } = launch.as?.(direct) ?? direct;
  const child = spawn(command, [...args], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', HOME: launch.home, DISPLAY: launch.display, XAUTHORITY: launch.authority ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const ended = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null));
  return { process: child, said: () => said, ended };
}
