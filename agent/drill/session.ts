/**
 * A real session to try ways out from: short ways to run a program in it as an application of the policy, and to read what that
 * wrote. The drill and the tests share it. It allows what its caller names and nothing else, and opens no session by itself.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { WardlockError } from '../../core/errors/index.ts';
import type { AppExit, FileIdentity, Launcher, LaunchRefusal, LaunchSpec, StartedApp } from '../launch/port.ts';

export const SHELL = '/bin/dash';
export const PERL = '/usr/bin/perl';
/** What a shell says of a program that it may not execute. */
export const CANNOT_EXECUTE = '126';

export interface DrillSession {
  readonly launcher: Launcher;
  readonly sessionId: string;
  /** State folder of the launcher's seat. */
  readonly state: string;
  /** A folder of root that a policy could name programs in; not one that sessions hide. */
  readonly programs: string;
  /** A launch of a program by its present content. */
  app(path: string, args: readonly string[], more?: Partial<LaunchSpec>): LaunchSpec;
  /** Starts an application and waits for its end. */
  run(spec: LaunchSpec): Promise<AppExit | LaunchRefusal>;
  /** Runs a shell script as an application, with `children` as the programs that it may start, and gives back what it printed. */
  shell(script: string, children?: readonly string[]): Promise<string>;
  /** The same with a Perl script as the application itself. */
  perl(script: string, children?: readonly string[]): Promise<string>;
  /** Content of a file in the session. */
  written(file: string): Promise<string>;
  /** Ends the session with all that it left, and opens it anew. */
  again(): Promise<void>;
}

export interface DrillSessionPorts {
  readonly launcher: Launcher;
  /** Of the session that is open now. */
  readonly sessionId: () => string;
  readonly state: string;
  readonly programs: () => string;
  /** The folder, below the mount of cgroup v2, of the sessions of the launcher's seat. */
  readonly sessionsCgroup: string;
}

/** A program by its present content, as a policy would name it. */
export function named(path: string): FileIdentity {
  const real = realpathSync(path);
  return { path: real, sha256: createHash('sha256').update(readFileSync(real)).digest('hex') };
}

/** Prepares and starts an application. */
export async function startApp(
  launcher: Launcher,
  spec: LaunchSpec,
  onExit: (exit: AppExit) => void = () => undefined,
): Promise<StartedApp | LaunchRefusal> {
  const prepared = await launcher.prepare(spec);
  return prepared.ok ? launcher.start(prepared, onExit) : prepared;
}

/** Starts an application and waits for its end. */
export async function runApp(launcher: Launcher, spec: LaunchSpec): Promise<AppExit | LaunchRefusal> {
  const { promise, resolve } = Promise.withResolvers<AppExit>();
  const started = await startApp(launcher, spec, resolve);
  return started.ok ? promise : started;
}

/** The folder `path` of a session as root sees it from outside. */
export function insideSession(sessionsCgroup: string, sessionId: string, path: string): string {
  const procs = readFileSync(join(sessionsCgroup, sessionId, 'own', 'cgroup.procs'), 'utf8');
  return `/proc/${procs.split('\n')[0]}/root${path}`;
}

export function drillSession(ports: DrillSessionPorts): DrillSession {
  const { launcher, state } = ports;
  const app: DrillSession['app'] = (path, args, more = {}) => ({
    sessionId: ports.sessionId(),
    appId: 'test',
    ...named(path),
    args,
    env: {},
    children: [],
    ...more,
  });
  const run: DrillSession['run'] = (spec) => runApp(launcher, spec);
  const written: DrillSession['written'] = async (file) =>
    readFileSync(insideSession(ports.sessionsCgroup, ports.sessionId(), file), 'utf8');
  const printedBy = async (path: string, args: readonly string[], children: readonly string[]): Promise<string> => {
    const exit = await run(app(path, args, { children: children.map(named) }));
    if ('ok' in exit) throw new WardlockError('LAUNCH_FAILED', `${path} was not started (${exit.reason}): ${exit.detail}`);
    return written('/tmp/printed');
  };
  return {
    launcher,
    state,
    get sessionId() {
      return ports.sessionId();
    },
    get programs() {
      return ports.programs();
    },
    app,
    run,
    written,
    shell: (script, children = []) => printedBy(SHELL, ['-c', `exec > /tmp/printed 2> /tmp/complaints; ${script}`], children),
    perl: (script, children = []) =>
      printedBy(PERL, ['-e', `open(STDOUT, ">", "/tmp/printed"); open(STDERR, ">", "/tmp/complaints"); $| = 1; ${script}`], children),
    again: async () => {
      await launcher.endSession(ports.sessionId());
      launcher.openSession({ sessionId: ports.sessionId() });
    },
  };
}
