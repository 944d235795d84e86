/**
 * The launcher of a seat that has root and lacks a required layer: it starts nothing and says why. Fails closed, so that a
 * seat that was promised to be shut in is never quietly open.
 */
import { WardlockError } from '../../core/errors/index.ts';
import type { EndReport, EnforcementMode, Kept, Launcher, LaunchRefusal } from './port.ts';

export class RefusingLauncher implements Launcher {
  readonly mode: EnforcementMode;
  readonly limits = 'none';

  constructor(mode: EnforcementMode) {
    this.mode = mode;
  }

  openSession(): void {
    // A session may be open: the person can lock, log out and read why nothing starts.
  }

  async openDesktop(): Promise<LaunchRefusal> {
    return this.prepare();
  }

  async prepare(): Promise<LaunchRefusal> {
    const detail = this.mode.missing.map(({ layer, meaning }) => `${layer}: ${meaning}`).join(' ');
    return { ok: false, reason: 'enforcement-missing', detail };
  }

  async start(): Promise<LaunchRefusal> {
    throw new WardlockError('LAUNCH_FAILED', 'Nothing was prepared, so nothing can be started.');
  }

  discard(): void {
    // Nothing was prepared.
  }

  async endApp(): Promise<void> {
    // Nothing runs.
  }

  async freeze(): Promise<void> {
    // Nothing runs.
  }

  async front(): Promise<boolean> {
    return false;
  }

  async keepFile(): Promise<Kept> {
    return { ok: false, reason: 'no-home', detail: 'no session was opened' };
  }

  async endSession(sessionId: string): Promise<EndReport> {
    return { sessionId, processes: 0, clean: true };
  }

  async close(): Promise<void> {
    // Nothing was opened.
  }
}
