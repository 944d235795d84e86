/**
 * Hooks for test files that run programs inside real sessions: one seat a file, a fresh session for every test, and short
 * ways to run a shell or Perl script in it as an application. Without root the hooks do nothing; the tests are skipped.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { AppExit, LaunchRefusal, LaunchSpec } from '../../agent/launch/port.ts';
import { isLinuxRoot } from './root.ts';
import { insideSession, named, openSeat, runApp, type Seat } from './sandboxed-seat.ts';

export const SHELL = '/bin/dash';
export const PERL = '/usr/bin/perl';
/** What a shell says of a program that it may not execute. */
export const CANNOT_EXECUTE = '126';

const SESSION_ID_DIGITS = 32;

export interface SessionTests {
  readonly seat: Seat;
  readonly sessionId: string;
  /** A folder of root that a policy could name programs in; not one that sessions hide. */
  readonly programs: string;
  /** A launch of a program by its present content. */
  app(path: string, args: readonly string[], more?: Partial<LaunchSpec>): LaunchSpec;
  run(spec: LaunchSpec): Promise<AppExit | LaunchRefusal>;
  /** Runs a shell script as an application, with `children` as the programs that it may start, and gives back what it printed. */
  shell(script: string, children?: readonly string[]): Promise<string>;
  /** The same with a Perl script as the application itself. */
  perl(script: string, children?: readonly string[]): Promise<string>;
  /** Content of a file in the session. */
  written(file: string): Promise<string>;
}

export function sessionTests(): SessionTests {
  let seat: Seat | undefined;
  let sessions = 0;
  let programs = '';

  beforeAll(async () => {
    if (!isLinuxRoot) return;
    seat = await openSeat();
    programs = mkdtempSync('/opt/wl-test-');
    chmodSync(programs, 0o755);
  });
  afterAll(async () => {
    await seat?.close();
    if (programs !== '') rmSync(programs, { recursive: true, force: true });
  });
  const sessionId = (): string => sessions.toString(16).padStart(SESSION_ID_DIGITS, '0');
  beforeEach(() => {
    sessions += 1;
    seat?.launcher.openSession({ sessionId: sessionId() });
  });
  afterEach(async () => {
    await seat?.launcher.endSession(sessionId());
  });

  const opened = (): Seat => {
    if (seat === undefined) throw new Error('There is no seat: this test must be skipped without root.');
    return seat;
  };
  const app: SessionTests['app'] = (path, args, more = {}) => ({
    sessionId: sessionId(),
    appId: 'test',
    ...named(path),
    args,
    env: {},
    children: [],
    ...more,
  });
  const run: SessionTests['run'] = (spec) => runApp(opened().launcher, spec);
  const written: SessionTests['written'] = async (file) => readFileSync(await insideSession(opened().state, sessionId(), file), 'utf8');
  const shell: SessionTests['shell'] = async (script, children = []) => {
    const redirected = `exec > /tmp/printed 2> /tmp/complaints; ${script}`;
    const exit = await run(app(SHELL, ['-c', redirected], { children: children.map(named) }));
    if ('ok' in exit) throw new Error(`${exit.reason}: ${exit.detail}`);
    return written('/tmp/printed');
  };
  const perl: SessionTests['perl'] = async (script, children = []) => {
    const redirected = `open(STDOUT, ">", "/tmp/printed"); open(STDERR, ">", "/tmp/complaints"); $| = 1; ${script}`;
    const exit = await run(app(PERL, ['-e', redirected], { children: children.map(named) }));
    if ('ok' in exit) throw new Error(`${exit.reason}: ${exit.detail}`);
    return written('/tmp/printed');
  };
  return {
    get seat() {
      return opened();
    },
    get sessionId() {
      return sessionId();
    },
    get programs() {
      return programs;
    },
    app,
    run,
    shell,
    perl,
    written,
  };
}
