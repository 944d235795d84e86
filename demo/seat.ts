/**
 * One seat of the clinic: agent and syncer as processes of their own, enrolled through the real enrolment. As root each
 * has its own user and the agent its own network namespace without an interface; otherwise all run as the caller, and
 * the seat itself says which layers that leaves out.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Value } from 'typebox/value';
import { SeatView } from '../contract/seat-view.ts';
import { type Child, startChild } from './child.ts';
import type { CommandLine } from './command-line.ts';
import type { Places } from './places.ts';
import type { Runtime } from './runtime.ts';
import { baseEnvironment } from './site.ts';
import { makeStage, type Stage, type User } from './stage.ts';

export const SEAT_NAME = 'Bay 4';

export interface SeatUsers {
  readonly ui: User;
  readonly app: User;
  readonly sync: User;
}

export interface Seat {
  readonly stateDir: string;
  /** Undefined where the demo does not run as root: everything is the caller's then. */
  readonly users: SeatUsers | undefined;
  readonly stage: Stage | undefined;
  agent(): Child;
  syncer(): Child;
  startAgent(): Promise<void>;
  startSyncer(): Promise<void>;
  /** Where the screens' process finds the agent's socket. */
  readonly uiSocket: string;
  stop(): Promise<void>;
}

export interface SeatSpec {
  readonly places: Places;
  readonly runtime: Runtime;
  readonly users: SeatUsers | undefined;
  /** Cookie file of the seat's display, for the nested display of the apps. */
  readonly authority: string | undefined;
  /** The screens are a window that anyone can close, and say so. */
  readonly practice: boolean;
}

const run = promisify(execFile);

export async function openSeat(spec: SeatSpec): Promise<Seat> {
  const { places, runtime, users } = spec;
  const stage = users === undefined ? undefined : await makeStage();
  const syncDir = join(places.seat, 'syncer');
  // Users are made anew for each run, so a seat of a former run belongs to a uid that is gone.
  if (users !== undefined && existsSync(syncDir)) await run('chown', ['-R', `${users.sync.uid}:${users.sync.gid}`, syncDir]);

  const startAgent = async (): Promise<Child> => {
    const args = [
      'cli/main.ts',
      'agent',
      '--state',
      places.seat,
      '--json',
      ...(users === undefined ? [] : ['--ui-user', users.ui.name, '--app-user', users.app.name, '--sync-user', users.sync.name]),
      ...(spec.authority === undefined ? [] : ['--display-cookie', spec.authority]),
      ...(spec.practice ? ['--practice'] : []),
    ];
    const child = startChild({
      name: 'agent',
      ...(users === undefined ? { command: runtime.node, args } : { command: 'unshare', args: ['--net', '--', runtime.node, ...args] }),
      env: baseEnvironment(),
      logFile: join(places.logs, 'agent.log'),
      cwd: runtime.root,
    });
    await child.readyLine((line) => (line.includes('"ready"') ? true : undefined));
    return child;
  };
  const startSyncer = (): Child => {
    const direct = { command: runtime.node, args: ['cli/main.ts', 'syncer', '--state', stage?.path('state') ?? places.seat] };
    const command =
      users === undefined || stage === undefined ? direct : stage.as(users.sync, [{ source: places.seat, name: 'state' }], direct);
    return startChild({ name: 'syncer', ...command, env: baseEnvironment(), logFile: join(places.logs, 'syncer.log'), cwd: runtime.root });
  };

  let agent = await startAgent();
  let syncer = startSyncer();
  return {
    stateDir: places.seat,
    users,
    stage,
    agent: () => agent,
    syncer: () => syncer,
    async startAgent() {
      await agent.stop();
      agent = await startAgent();
    },
    async startSyncer() {
      await syncer.stop();
      syncer = startSyncer();
    },
    uiSocket: join(stage?.path('state') ?? places.seat, 'run', 'ui.sock'),
    async stop() {
      await syncer.stop();
      await agent.stop();
      await stage?.remove();
    },
  };
}

/** Enrols the seat unless a former run already did. */
export async function enrolOnce(
  cli: CommandLine,
  seat: Seat,
  server: string,
  token: () => Promise<string>,
): Promise<'enrolled' | 'already'> {
  const before = await cli.run(['status', '--state', seat.stateDir, '--json']);
  if (before.code === 0 && Value.Parse(SeatView, JSON.parse(before.stdout)).phase !== 'unenrolled') return 'already';
  await cli.must(['enrol', await token(), '--server', server, '--state', seat.stateDir]);
  return 'enrolled';
}
