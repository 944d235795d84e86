/**
 * The applications of the open session: decided from the snapshot, prepared, recorded, started, in that order. It holds
 * which ones run; paths and arguments come from the signed policy only.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Message } from '../../contract/seat-view.ts';
import type { ErrorCode } from '../../core/errors/index.ts';
import { type Decision, decide, type LaunchFacts } from '../../core/policy/decide.ts';
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
    const { snapshot, openSession } = this.#ports;
    const session = openSession();
    const inForce = snapshot();
    this.#message = null;
    const decision = inForce === null ? null : decide({ appId, session: factsOf(session) }, inForce.document);
    const app = inForce?.document.apps.find((candidate) => candidate.id === appId);
    if (session === null || inForce === null || decision === null || decision.effect === 'deny' || app === undefined) {
      this.#refuse(appId, session, decision?.reason ?? 'no-policy', session === null ? 'LAUNCH_NO_SESSION' : 'LAUNCH_APP_UNKNOWN');
      return false;
    }
    const running = this.#running.get(appId);
    if (running !== undefined) {
      if (app.kind === 'web') this.#ports.web(appId, 'open');
      return true;
    }
    this.#running.set(appId, { session: session.id, app, sinceBootMs: this.#ports.clock.bootMs(), state: 'starting' });
    this.#ports.onChanged();
    const started = app.kind === 'web' ? await this.#startWeb(app.id, session, decision) : await this.#startNative(app, session, decision);
    if (!started) this.#running.delete(appId);
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
      const isAllowed = decide({ appId, session: factsOf(session) }, inForce.document).effect === 'allow';
      if (isAllowed && named !== undefined && runsAlike(named, running.app)) continue;
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
      // A web application has no process of its own that a signal could end.
      if (running.session === session) this.#exited(appId, running, null, running.app.kind === 'web' ? null : 'SIGKILL');
    }
    this.#message = null;
    return report.clean;
  }

  async #startWeb(appId: string, session: OpenSession, decision: Decision): Promise<boolean> {
    const recorded = await this.#recordLaunch(appId, session, decision, null);
    // As with a native application: it must never open in the session of whoever came in the meantime.
    if (!recorded || this.#ports.openSession()?.id !== session.id) return false;
    this.#ports.web(appId, 'open');
    this.#setRunning(appId);
    return true;
  }

  async #startNative(app: NativeApp, session: OpenSession, decision: Decision): Promise<boolean> {
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
    // While the event was written the seat may have locked or the session ended: then nothing starts any more.
    if (!recorded || this.#ports.openSession()?.id !== session.id) {
      launcher.discard(prepared);
      return false;
    }
    const started = await launcher.start(prepared, (exit) => this.#nativeExit(exit));
    if (!started.ok) return this.#notStarted(appId, session, started);
    this.#setRunning(appId);
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
    } catch {
      this.#message = { key: 'store.broken', params: {}, code: recorder.broken ?? 'AUDIT_APPEND_FAILED' };
      return false;
    }
  }

  #refuse(appId: string, session: OpenSession | null, reason: string, code: ErrorCode): void {
    this.#ports.recorder.note({ type: 'app.refused', body: { session: session?.id ?? null, app: appId, reason, code } });
    const name = this.#ports.snapshot()?.document.apps.find((app) => app.id === appId)?.name ?? appId;
    const key = code === 'LAUNCH_FILE_CHANGED' ? 'app.changed' : code === 'LAUNCH_APP_UNKNOWN' ? 'app.refused' : 'app.failed';
    this.#message = { key, params: { app: name }, code };
    this.#ports.onChanged();
  }

  #setRunning(appId: string): void {
    const running = this.#running.get(appId);
    if (running !== undefined) running.state = 'running';
  }

  #nativeExit(exit: AppExit): void {
    const running = this.#running.get(exit.appId);
    if (running?.session === exit.sessionId) this.#exited(exit.appId, running, exit.exitCode, exit.signal);
  }

  async #end(appId: string, running: Running): Promise<void> {
    if (running.app.kind === 'web') this.#ports.web(appId, 'close');
    else await this.#ports.launcher.endApp(running.session, appId);
    // A native application's own exit may have been told in the meantime.
    if (this.#running.get(appId) === running) this.#exited(appId, running, null, running.app.kind === 'web' ? null : 'SIGTERM');
  }

  #exited(appId: string, running: Running, exitCode: number | null, signal: string | null): void {
    this.#running.delete(appId);
    const seconds = Math.max(0, Math.round((this.#ports.clock.bootMs() - running.sinceBootMs) / 1000));
    this.#ports.recorder.note({ type: 'app.exited', body: { session: running.session, app: appId, exitCode, signal, seconds } });
    this.#ports.onChanged();
  }
}
