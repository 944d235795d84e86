/**
 * The applications of the open session: decided from the snapshot, prepared, recorded, started, in that order. It holds
 * which ones run; paths and arguments come from the signed policy only.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Message } from '../../contract/seat-view.ts';
import { type Decision, decide, isRecalled, type LaunchFacts } from '../../core/decision/decide.ts';
import type { Whereabouts } from '../../core/decision/rule.ts';
import { type ErrorCode, isWardlockError } from '../../core/errors/index.ts';
import type { OpenSession } from '../../core/session/types.ts';
import type { NativeApp } from '../../policies/apps.ts';
import { nativeOptions } from '../../policies/effective.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import type { Clock } from '../clock.ts';
import type { AppExit, FileIdentity, Launcher, LaunchSpec, RefusalReason } from '../launch/port.ts';
import type { SeatLog } from '../log.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { Recorder } from '../record/recorder.ts';

type App = PolicyDocument['apps'][number];
export type AppState = 'starting' | 'running';

export interface AppsPorts {
  readonly launcher: Launcher;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: SeatLog;
  readonly snapshot: () => PolicySnapshot | null;
  readonly where: () => Whereabouts;
  /** The session that is open on the screen, null while it is locked. */
  readonly openSession: () => OpenSession | null;
  /** The session whose applications run, open or locked; null when there is none or it is being ended. */
  readonly heldSession: () => OpenSession | null;
  readonly web: (appId: string, action: 'open' | 'close' | 'closeAll') => void;
  /** Resolves when native applications of this session have somewhere to be shown. */
  readonly display: (sessionId: string) => Promise<void>;
  readonly onChanged: () => void;
}

/** One running instance. */
interface Running {
  readonly session: string;
  /** As the policy named it when it was started. */
  readonly app: App;
  readonly sinceBootMs: number;
  state: AppState;
  /** Whether it was told to stand still. */
  isFrozen: boolean;
  /** How its first process ended, once it has. What that left running is the application as well. */
  exit?: AppExit;
}

/** A launch that was decided. */
interface Launch {
  readonly session: OpenSession;
  readonly decision: Decision;
  readonly row: Running;
}

/** Stands in the record for an application that the policy does not name. */
const NOT_NAMED = 'not-named';

const CODES: Readonly<Partial<Record<RefusalReason, ErrorCode>>> = {
  'file-changed': 'LAUNCH_FILE_CHANGED',
  'child-changed': 'LAUNCH_FILE_CHANGED',
  'session-unknown': 'LAUNCH_NO_SESSION',
  'layer-failed': 'LAUNCH_LAYER_FAILED',
  'enforcement-missing': 'LAUNCH_LAYER_FAILED',
};

export function factsOf(session: OpenSession | null): LaunchFacts['session'] {
  if (session === null) return null;
  return session.kind === 'breakglass' || session.who === null ? { kind: 'breakglass' } : { kind: 'person', role: session.who.role };
}

/** The application without what was recalled of the programs and scripts beside it. */
function asAllowed(app: App, document: PolicyDocument): App {
  if (app.kind === 'web') return app;
  const { children, scripts } = app;
  const allowed = (program: FileIdentity): boolean => !isRecalled(program, document);
  return { ...app, children: children.filter(allowed), ...(scripts === undefined ? {} : { scripts: scripts.filter(allowed) }) };
}

function launchSpec(sessionId: string, app: NativeApp): LaunchSpec {
  const { id: appId, path, sha256, args, env, children } = app;
  const { scripts, workingFolder } = nativeOptions(app);
  const cwd = workingFolder === 'home' ? {} : { cwd: workingFolder };
  return { sessionId, appId, path, sha256, args, env, children, scripts, ...cwd };
}

/** Whether two entries run the same thing the same way; how it is called and pictured does not matter. */
function runsAlike(one: App, other: App): boolean {
  const look = { name: '', icon: '' };
  return isDeepStrictEqual({ ...one, ...look }, { ...other, ...look });
}

export class SessionApps {
  readonly #ports: AppsPorts;
  readonly #running = new Set<Running>();
  /** Follows the lock in one line: a lock and an unlock that come close together are done one after the other. */
  #following: Promise<void> = Promise.resolve();
  #message: Message | null = null;

  constructor(ports: AppsPorts) {
    this.#ports = ports;
  }

  get message(): Message | null {
    return this.#message;
  }

  /** Of something else that the session's applications did. */
  say(message: Message): void {
    this.#message = message;
    this.#ports.onChanged();
  }

  /** What was asked for is not done, because it can't be recorded. */
  sayUnrecorded(): void {
    const code = this.#ports.recorder.broken ?? 'AUDIT_APPEND_FAILED';
    this.say({ key: code === 'AUDIT_STORE_FULL' ? 'store.full' : 'store.broken', params: {}, code });
  }

  clearMessage(): void {
    this.#message = null;
  }

  stateOf(appId: string): AppState | undefined {
    const states = this.#of(appId).map(({ state }) => state);
    return states.includes('running') ? 'running' : states[0];
  }

  /** Starts an application of the open session, or brings the one that runs to the front. */
  async launch(appId: string): Promise<boolean> {
    const { snapshot, openSession, where } = this.#ports;
    const session = openSession();
    const inForce = snapshot();
    this.#message = null;
    const decision = inForce === null ? null : decide({ appId, session: factsOf(session), where: where() }, inForce.document);
    const named = inForce?.document.apps.find((candidate) => candidate.id === appId);
    if (session === null || inForce === null || decision === null || decision.effect === 'deny' || named === undefined) {
      this.#refuse(appId, session, decision?.reason ?? 'no-policy', session === null ? 'LAUNCH_NO_SESSION' : 'LAUNCH_APP_UNKNOWN');
      return false;
    }
    const app = asAllowed(named, inForce.document);
    const isOne = app.kind === 'web' || nativeOptions(app).oneInstance;
    if (isOne && this.#of(appId).length > 0) {
      await this.front(appId);
      return true;
    }
    const row: Running = { session: session.id, app, sinceBootMs: this.#ports.clock.bootMs(), state: 'starting', isFrozen: false };
    this.#running.add(row);
    this.#ports.onChanged();
    const launch = { session, decision, row };
    const started = app.kind === 'web' ? await this.#startWeb(app.id, launch) : await this.#startNative(app, launch);
    if (!started) this.#running.delete(row);
    this.#ports.onChanged();
    return started;
  }

  /**
   * Brings the windows of an application of the open session before those of others. Whether there were any. Never rejects. A web application
   * is ordered open: its page is gone where other screens opened it, and stays as it is where these did.
   */
  async front(appId: string): Promise<boolean> {
    const session = this.#ports.openSession();
    const running = this.#of(appId).find((row) => row.session === session?.id && row.state === 'running');
    if (session === null || running === undefined) return false;
    if (running.app.kind === 'web') {
      this.#ports.web(appId, 'open');
      return true;
    }
    try {
      return await this.#ports.launcher.front(session.id, appId);
    } catch (failure) {
      this.#ports.log.warn('an application could not be brought to the front', { app: appId, failure });
      return false;
    }
  }

  async close(appId: string): Promise<boolean> {
    const session = this.#ports.openSession();
    const running = this.#of(appId).filter((row) => row.session === session?.id);
    await this.#end(running);
    return running.length > 0;
  }

  /**
   * Does what the policy says of each application when the seat locks or opens: it stands still, ends, or goes on. Asked whenever the seat has
   * changed; there is mostly nothing to do. Never rejects.
   */
  async follow(): Promise<void> {
    if (![...this.#running].some((row) => this.#isOff(row))) return;
    this.#following = this.#following.then(() => this.#bringAllInLine());
    await this.#following;
  }

  /** Until nothing is off: the seat may have changed while something was done about it. What fails is left to the next time. */
  async #bringAllInLine(): Promise<void> {
    for (let isDone = false; !isDone; ) {
      isDone = true;
      for (const row of [...this.#running].filter((one) => this.#isOff(one))) {
        if (await this.#bringInLine(row)) isDone = false;
      }
    }
  }

  /** Whether it does not do what it should while the seat is as it is now. */
  #isOff(row: Running): boolean {
    if (this.#ports.heldSession()?.id !== row.session) return false;
    const isLocked = this.#ports.openSession()?.id !== row.session;
    const { onLock } = row.app;
    if (onLock === 'end') return isLocked;
    return row.app.kind === 'native' && row.state === 'running' && row.isFrozen !== (isLocked && onLock === 'freeze');
  }

  /** Whether something was done. */
  async #bringInLine(row: Running): Promise<boolean> {
    // Others of the line may have done it, or the seat may be otherwise by now.
    if (!this.#running.has(row) || !this.#isOff(row)) return false;
    const { log } = this.#ports;
    const { id: app } = row.app;
    try {
      if (row.app.onLock === 'end') await this.#end([row]);
      else await this.#freeze(row, !row.isFrozen);
      return true;
    } catch (failure) {
      log.error('an application did not do on a lock what the policy says, and is ended', { app, failure });
      await this.#end([row]).catch((again: unknown) => log.error('an application could not be ended', { app, failure: again }));
      return false;
    }
  }

  async #freeze(row: Running, frozen: boolean): Promise<void> {
    const { session, app } = row;
    await this.#ports.launcher.freeze(session, app.id, frozen);
    row.isFrozen = frozen;
    this.#ports.recorder.note({ type: 'app.frozen', body: { session, app: app.id, frozen } });
  }

  /**
   * Ends what the session may no longer run as it runs, whether the seat is open or locked. What could not be ended keeps its
   * row and is tried again at the next unlock or policy. Never rejects.
   */
  async enforce(): Promise<void> {
    const inForce = this.#ports.snapshot();
    const session = this.#ports.heldSession();
    if (inForce === null || session === null) return;
    for (const running of [...this.#running].filter((row) => row.session === session.id)) {
      const { id: appId } = running.app;
      const named = inForce.document.apps.find((app) => app.id === appId);
      const isAllowed = decide({ appId, session: factsOf(session), where: this.#ports.where() }, inForce.document).effect === 'allow';
      if (isAllowed && named !== undefined && runsAlike(asAllowed(named, inForce.document), running.app)) continue;
      try {
        await this.#end([running]);
      } catch (failure) {
        this.#ports.log.error('an application that the policy no longer allows could not be ended', { app: appId, failure });
      }
    }
  }

  /** Ends everything of a session. False when something of it is left. */
  async endSession(session: string): Promise<boolean> {
    this.#ports.web('all', 'closeAll');
    const report = await this.#ports.launcher.endSession(session);
    for (const running of [...this.#running]) {
      if (running.session === session) this.#exited(running);
    }
    this.#message = null;
    return report.clean;
  }

  async #startWeb(appId: string, { session, decision, row }: Launch): Promise<boolean> {
    const recorded = await this.#recordLaunch(appId, session, decision, null);
    // As with a native application: it must never open in the session of whoever came in the meantime.
    if (!recorded || !this.#mayStart(row)) return false;
    this.#ports.web(appId, 'open');
    row.state = 'running';
    return true;
  }

  async #startNative(app: NativeApp, { session, decision, row }: Launch): Promise<boolean> {
    const { launcher, display, log } = this.#ports;
    const { id: appId } = app;
    try {
      await display(session.id);
    } catch (failure) {
      log.error('no display for an application', { app: appId, failure });
      this.#refuse(appId, session, 'display-missing', 'OS_DISPLAY_FAILED');
      return false;
    }
    const prepared = await launcher.prepare(launchSpec(session.id, app));
    if (!prepared.ok) return this.#notStarted(appId, session, prepared);
    const recorded = await this.#recordLaunch(appId, session, decision, prepared.sha256);
    if (!recorded || !this.#mayStart(row)) {
      launcher.discard(prepared);
      return false;
    }
    const started = await launcher.start(prepared, (exit) => {
      row.exit = exit;
    });
    if (!started.ok) return this.#notStarted(appId, session, started);
    if (!this.#running.has(row)) {
      // It was to end while it started: what has just begun goes as well.
      await launcher.endApp(session.id, appId);
      return false;
    }
    row.state = 'running';
    void started.gone.then(() => this.#exited(row));
    // The seat may have locked in the very moment of the start.
    void this.follow();
    return true;
  }

  #notStarted(appId: string, session: OpenSession, refusal: { readonly reason: RefusalReason; readonly detail: string }): false {
    this.#ports.log.warn('an application was refused', { app: appId, reason: refusal.reason, detail: refusal.detail });
    this.#refuse(appId, session, refusal.reason, CODES[refusal.reason] ?? 'LAUNCH_FAILED');
    return false;
  }

  async #recordLaunch(appId: string, session: OpenSession, decision: Decision, sha256: string | null): Promise<boolean> {
    const { recorder, launcher } = this.#ports;
    const mode = sha256 === null ? 'web' : launcher.mode.name;
    const { ruleId: rule, generation: policyVersion, wouldDeny } = decision;
    const watched = wouldDeny === undefined ? {} : { wouldDeny };
    try {
      await recorder.append({
        type: 'app.launched',
        body: { session: session.id, app: appId, sha256, rule, policyVersion, mode, ...watched },
      });
      return true;
    } catch (failure) {
      if (isWardlockError(failure) && failure.code === 'AUDIT_EVENT_COUNTED') this.#refuse(appId, session, 'too-many', failure.code);
      else this.sayUnrecorded();
      return false;
    }
  }

  /** An id as the record may hold it: one that the policy names. Any other is only what somebody typed or a page made up. */
  recordable(appId: string): string {
    const isNamed = this.#of(appId).length > 0 || this.#ports.snapshot()?.document.apps.some((app) => app.id === appId) === true;
    return isNamed ? appId : NOT_NAMED;
  }

  #refuse(appId: string, session: OpenSession | null, reason: string, code: ErrorCode): void {
    this.#ports.recorder.note({ type: 'app.refused', body: { session: session?.id ?? null, app: this.recordable(appId), reason, code } });
    const name = this.#ports.snapshot()?.document.apps.find((app) => app.id === appId)?.name ?? appId;
    const key = code === 'LAUNCH_FILE_CHANGED' ? 'app.changed' : code === 'LAUNCH_APP_UNKNOWN' ? 'app.refused' : 'app.failed';
    this.#message = { key, params: { app: name }, code };
    this.#ports.onChanged();
  }

  #of(appId: string): readonly Running[] {
    return [...this.#running].filter(({ app }) => app.id === appId);
  }

  /** While the event was written the seat may have locked, the session or the application ended: then nothing starts any more. */
  #mayStart(row: Running): boolean {
    return this.#running.has(row) && this.#ports.openSession()?.id === row.session;
  }

  /** Ends these instances; of one application the launcher can only end all, and then all have ended. */
  async #end(rows: readonly Running[]): Promise<void> {
    for (const row of rows) {
      const { app, session } = row;
      if (!this.#running.has(row)) continue;
      if (app.kind === 'web') this.#ports.web(app.id, 'close');
      else await this.#ports.launcher.endApp(session, app.id);
      this.#exited(row);
    }
  }

  /** Once for each. Web applications have no process of their own, and what never ran has no exit. */
  #exited(row: Running): void {
    if (!this.#running.delete(row)) return;
    const { exitCode = null, signal = null } = row.exit ?? {};
    const seconds = Math.max(0, Math.round((this.#ports.clock.bootMs() - row.sinceBootMs) / 1000));
    const body = { session: row.session, app: row.app.id, exitCode, signal, seconds };
    this.#ports.recorder.note({ type: 'app.exited', body });
    this.#ports.onChanged();
  }
}
