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
import type { NativeApp, PolicyDocument } from '../../policies/schema.ts';
import type { Clock } from '../clock.ts';
import type { AppExit, Launcher, RefusalReason } from '../launch/port.ts';
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

interface Running {
  readonly session: string;
  /** As the policy named it when it was started. */
  readonly app: App;
  readonly sinceBootMs: number;
  state: AppState;
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

/** The application without what was recalled of the programs beside it. */
function asAllowed(app: App, document: PolicyDocument): App {
  return app.kind === 'web' ? app : { ...app, children: app.children.filter((child) => !isRecalled(child, document)) };
}

/** Whether two entries run the same thing the same way; how it is called and pictured does not matter. */
function runsAlike(one: App, other: App): boolean {
  const look = { name: '', icon: '' };
  return isDeepStrictEqual({ ...one, ...look }, { ...other, ...look });
}

export class SessionApps {
  readonly #ports: AppsPorts;
  readonly #running = new Map<string, Running>();
  #message: Message | null = null;

  constructor(ports: AppsPorts) {
    this.#ports = ports;
  }

  get message(): Message | null {
    return this.#message;
  }

  clearMessage(): void {
    this.#message = null;
  }

  stateOf(appId: string): AppState | undefined {
    return this.#running.get(appId)?.state;
  }

  /** Starts an application of the open session, or brings a web application to the front. */
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
    const running = this.#running.get(appId);
    if (running !== undefined) {
      if (app.kind === 'web') this.#ports.web(appId, 'open');
      return true;
    }
    const row: Running = { session: session.id, app, sinceBootMs: this.#ports.clock.bootMs(), state: 'starting' };
    this.#running.set(appId, row);
    this.#ports.onChanged();
    const launch = { session, decision, row };
    const started = app.kind === 'web' ? await this.#startWeb(app.id, launch) : await this.#startNative(app, launch);
    // By now another session may have a row of its own for this application.
    if (!started && this.#isCurrent(appId, row)) this.#running.delete(appId);
    this.#ports.onChanged();
    return started;
  }

  async close(appId: string): Promise<boolean> {
    const running = this.#running.get(appId);
    const session = this.#ports.openSession();
    if (running === undefined || session?.id !== running.session) return false;
    await this.#end(appId, running);
    return true;
  }

  /**
   * Ends what the session may no longer run as it runs, whether the seat is open or locked. What could not be ended keeps its
   * row and is tried again at the next unlock or policy. Never rejects.
   */
  async enforce(): Promise<void> {
    const inForce = this.#ports.snapshot();
    const session = this.#ports.heldSession();
    if (inForce === null || session === null) return;
    for (const [appId, running] of [...this.#running]) {
      if (running.session !== session.id) continue;
      const named = inForce.document.apps.find((app) => app.id === appId);
      const isAllowed = decide({ appId, session: factsOf(session), where: this.#ports.where() }, inForce.document).effect === 'allow';
      if (isAllowed && named !== undefined && runsAlike(asAllowed(named, inForce.document), running.app)) continue;
      try {
        await this.#end(appId, running);
      } catch (failure) {
        this.#ports.log.error('an application that the policy no longer allows could not be ended', { app: appId, failure });
      }
    }
  }

  /** Ends everything of a session. False when something of it is left. */
  async endSession(session: string): Promise<boolean> {
    this.#ports.web('all', 'closeAll');
    const report = await this.#ports.launcher.endSession(session);
    for (const [appId, running] of [...this.#running]) {
      // Native ones that ran have told how they ended: what is left are web applications, which have no process of their own, and what never ran.
      if (running.session === session) this.#exited(appId, running, null, null);
    }
    this.#message = null;
    return report.clean;
  }

  async #startWeb(appId: string, { session, decision, row }: Launch): Promise<boolean> {
    const recorded = await this.#recordLaunch(appId, session, decision, null);
    // As with a native application: it must never open in the session of whoever came in the meantime.
    if (!recorded || !this.#mayStart(appId, row)) return false;
    this.#ports.web(appId, 'open');
    row.state = 'running';
    return true;
  }

  async #startNative(app: NativeApp, { session, decision, row }: Launch): Promise<boolean> {
    const { launcher, display, log } = this.#ports;
    const { id: appId, path, sha256, args, env, children } = app;
    try {
      await display(session.id);
    } catch (failure) {
      log.error('no display for an application', { app: appId, failure });
      this.#refuse(appId, session, 'display-missing', 'OS_DISPLAY_FAILED');
      return false;
    }
    const prepared = await launcher.prepare({ sessionId: session.id, appId, path, sha256, args, env, children });
    if (!prepared.ok) return this.#notStarted(appId, session, prepared);
    const recorded = await this.#recordLaunch(appId, session, decision, prepared.sha256);
    if (!recorded || !this.#mayStart(appId, row)) {
      launcher.discard(prepared);
      return false;
    }
    const started = await launcher.start(prepared, (exit) => this.#nativeExit(exit, row));
    if (!started.ok) return this.#notStarted(appId, session, started);
    if (!this.#isCurrent(appId, row)) {
      // It was to end while it started: what has just begun goes as well.
      await launcher.endApp(session.id, appId);
      return false;
    }
    row.state = 'running';
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
    try {
      await recorder.append({
        type: 'app.launched',
        body: { session: session.id, app: appId, sha256, rule: decision.ruleId, policyVersion: decision.generation, mode },
      });
      return true;
    } catch (failure) {
      if (isWardlockError(failure) && failure.code === 'AUDIT_EVENT_COUNTED') this.#refuse(appId, session, 'too-many', failure.code);
      else this.#message = { key: 'store.broken', params: {}, code: recorder.broken ?? 'AUDIT_APPEND_FAILED' };
      return false;
    }
  }

  /** An id as the record may hold it: one that the policy names. Any other is only what somebody typed or a page made up. */
  recordable(appId: string): string {
    const isNamed = this.#running.has(appId) || this.#ports.snapshot()?.document.apps.some((app) => app.id === appId) === true;
    return isNamed ? appId : NOT_NAMED;
  }

  #refuse(appId: string, session: OpenSession | null, reason: string, code: ErrorCode): void {
    this.#ports.recorder.note({ type: 'app.refused', body: { session: session?.id ?? null, app: this.recordable(appId), reason, code } });
    const name = this.#ports.snapshot()?.document.apps.find((app) => app.id === appId)?.name ?? appId;
    const key = code === 'LAUNCH_FILE_CHANGED' ? 'app.changed' : code === 'LAUNCH_APP_UNKNOWN' ? 'app.refused' : 'app.failed';
    this.#message = { key, params: { app: name }, code };
    this.#ports.onChanged();
  }

  #isCurrent(appId: string, row: Running): boolean {
    return this.#running.get(appId) === row;
  }

  /** While the event was written the seat may have locked, the session or the application ended: then nothing starts any more. */
  #mayStart(appId: string, row: Running): boolean {
    return this.#isCurrent(appId, row) && this.#ports.openSession()?.id === row.session;
  }

  #nativeExit(exit: AppExit, row: Running): void {
    if (this.#isCurrent(exit.appId, row)) this.#exited(exit.appId, row, exit.exitCode, exit.signal);
  }

  async #end(appId: string, running: Running): Promise<void> {
    if (running.app.kind === 'web') this.#ports.web(appId, 'close');
    else await this.#ports.launcher.endApp(running.session, appId);
    // A native application that ran has told how it ended.
    if (this.#isCurrent(appId, running)) this.#exited(appId, running, null, null);
  }

  #exited(appId: string, running: Running, exitCode: number | null, signal: string | null): void {
    this.#running.delete(appId);
    const seconds = Math.max(0, Math.round((this.#ports.clock.bootMs() - running.sinceBootMs) / 1000));
    this.#ports.recorder.note({ type: 'app.exited', body: { session: running.session, app: appId, exitCode, signal, seconds } });
    this.#ports.onChanged();
  }
}
