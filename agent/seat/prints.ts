/**
 * Whether a web application's page may print now, recorded before it does, and what is said of it afterwards. The screens make the
 * sheets; what stands on them, and what the page calls itself, never comes here.
 */
import type { Params } from '../../contract/boundary.ts';
import type { Message, MessageKey } from '../../contract/seat-view.ts';
import type { UiBoundary } from '../../contract/ui.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { OpenSession } from '../../core/session/types.ts';
import { webOptions } from '../../policies/effective.ts';
import type { Clock } from '../clock.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { Recorder } from '../record/recorder.ts';

/** Prints of one session within `PRINTS_WINDOW_MS`: more than a person has hands for, and little for a page that prints in a loop. */
export const PRINTS_LIMIT = 20;
export const PRINTS_WINDOW_MS = 10 * 60_000;
/** How long the screen says what became of a print, in milliseconds. */
export const PRINT_MESSAGE_MS = 20_000;

type Part = Params<UiBoundary, 'print'>['part'];
type Outcome = Params<UiBoundary, 'printed'>['outcome'];
/** Why a page may not; `reason` of a `print.refused` event. */
type Refusal = 'locked' | 'not-running' | 'not-allowed' | 'frame' | 'too-many';

export interface PrintsPorts {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly snapshot: () => PolicySnapshot | null;
  /** The session that is open on the screen, null while it is locked. */
  readonly openSession: () => OpenSession | null;
  readonly apps: {
    stateOf(appId: string): 'starting' | 'running' | undefined;
    recordable(appId: string): string;
  };
  readonly onChanged: () => void;
}

const REFUSED: Readonly<Partial<Record<Refusal, MessageKey>>> = {
  'not-allowed': 'print.notAllowed',
  frame: 'print.frame',
  'too-many': 'print.tooMany',
};
const ENDED: Readonly<Record<Outcome, MessageKey>> = {
  sent: 'print.sent',
  'no-printer': 'print.noPrinter',
  refused: 'print.refused',
  'too-long': 'print.tooLong',
  failed: 'print.failed',
  locked: 'print.locked',
};

export class SessionPrints {
  readonly #ports: PrintsPorts;
  /** Of which session, and when each was. */
  #recent: { readonly session: string; readonly atMs: number[] } = { session: '', atMs: [] };
  /** Recorded, and not yet told how they went: the session by application. */
  readonly #begun = new Map<string, string>();
  /** The session of a print that ended with its screens: told when its person is back, never on the lock. */
  #owed: string | null = null;
  #said: { readonly message: Message; readonly session: string; readonly atMs: number } | null = null;

  constructor(ports: PrintsPorts) {
    this.#ports = ports;
  }

  /** What is to be said in the session that it is about, for a while. */
  get message(): Message | null {
    const { clock, openSession } = this.#ports;
    if (this.#said === null || this.#said.session !== openSession()?.id) return null;
    return clock.bootMs() - this.#said.atMs < PRINT_MESSAGE_MS ? this.#said.message : null;
  }

  /** Whether the page may print: true only once that is recorded. */
  async ask(appId: string, part: Part): Promise<boolean> {
    const { recorder, openSession } = this.#ports;
    const session = openSession();
    const why = this.#refusal(appId, part, session);
    if (session === null || why !== undefined) return this.#refuse(appId, session, why ?? 'locked');
    this.#recent.atMs.push(this.#ports.clock.bootMs());
    try {
      await recorder.append({ type: 'print.started', body: { session: session.id, app: appId } });
    } catch (failure) {
      if (isWardlockError(failure) && failure.code === 'AUDIT_EVENT_COUNTED') return this.#refuse(appId, session, 'too-many');
      const code = recorder.broken ?? 'AUDIT_APPEND_FAILED';
      this.#say(session.id, { key: code === 'AUDIT_STORE_FULL' ? 'store.full' : 'store.broken', params: {}, code });
      return false;
    }
    this.#begun.set(appId, session.id);
    // While it was written the seat may have locked.
    if (openSession()?.id === session.id) return true;
    this.ended(appId, 'locked');
    return false;
  }

  /** How a print went that was allowed. Of any other nothing is believed. */
  ended(appId: string, outcome: Outcome): void {
    const session = this.#begun.get(appId);
    if (session === undefined) return;
    this.#begun.delete(appId);
    this.#ports.recorder.note({ type: 'print.ended', body: { session, app: appId, outcome } });
    this.#say(session, { key: ENDED[outcome], params: { app: this.#nameOf(appId) } });
  }

  /** The screens are gone: whether what they had begun reached the printer nobody knows. */
  screensLost(): void {
    for (const [appId, session] of this.#begun) {
      this.#ports.recorder.note({ type: 'print.ended', body: { session, app: appId, outcome: 'unknown' } });
      this.#owed = session;
    }
    this.#begun.clear();
  }

  /** The seat is open again. */
  opened(session: string): void {
    const owed = this.#owed;
    this.#owed = null;
    if (owed === session) this.#say(session, { key: 'print.unknown', params: {} });
  }

  #refusal(appId: string, part: Part, session: OpenSession | null): Refusal | undefined {
    if (session === null) return 'locked';
    if (this.#ports.apps.stateOf(appId) !== 'running') return 'not-running';
    const app = this.#named(appId);
    if (app?.kind !== 'web' || !webOptions(app).print) return 'not-allowed';
    if (part === 'frame') return 'frame';
    const since = this.#ports.clock.bootMs() - PRINTS_WINDOW_MS;
    const before = this.#recent.session === session.id ? this.#recent.atMs.filter((atMs) => atMs > since) : [];
    this.#recent = { session: session.id, atMs: before };
    return before.length < PRINTS_LIMIT ? undefined : 'too-many';
  }

  #refuse(appId: string, session: OpenSession | null, reason: Refusal): false {
    const { recorder, apps } = this.#ports;
    recorder.note({ type: 'print.refused', body: { session: session?.id ?? null, app: apps.recordable(appId), reason } });
    const key = REFUSED[reason];
    if (session !== null && key !== undefined) this.#say(session.id, { key, params: { app: this.#nameOf(appId) } });
    return false;
  }

  #say(session: string, message: Message): void {
    this.#said = { message, session, atMs: this.#ports.clock.bootMs() };
    this.#ports.onChanged();
  }

  #named(appId: string) {
    return this.#ports.snapshot()?.document.apps.find(({ id }) => id === appId);
  }

  #nameOf(appId: string): string {
    return this.#named(appId)?.name ?? appId;
  }
}
