/**
 * Files that web applications of the open session save: judged, recorded, put into the session's home, in that order. It holds how much a
 * session has saved; it must never record or log what a file is called, where it came from or what is in it.
 */
import type { Message, MessageKey } from '../../contract/seat-view.ts';
import { decide } from '../../core/decision/decide.ts';
import type { Whereabouts } from '../../core/decision/rule.ts';
import { MAX_FILE_BYTES, type NotSaved, overLimit, type Saved } from '../../core/downloads/limits.ts';
import { safeName } from '../../core/downloads/name.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { OpenSession } from '../../core/session/types.ts';
import { webOptions } from '../../policies/effective.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import type { BorderWatch } from '../border.ts';
import type { Launcher } from '../launch/port.ts';
import type { SeatLog } from '../log.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import type { Recorder } from '../record/recorder.ts';
import type { Incoming, TakenFile } from '../state/incoming.ts';
import { factsOf, type SessionApps } from './apps.ts';

export interface DownloadsPorts {
  readonly launcher: Pick<Launcher, 'keepFile'>;
  readonly recorder: Pick<Recorder, 'append'>;
  readonly border: Pick<BorderWatch, 'note'>;
  readonly log: SeatLog;
  readonly incoming: Pick<Incoming, 'open' | 'take' | 'empty' | 'close'>;
  readonly apps: Pick<SessionApps, 'stateOf' | 'recordable' | 'say' | 'sayUnrecorded'>;
  readonly snapshot: () => PolicySnapshot | null;
  readonly where: () => Whereabouts;
  /** The session that is open on the screen, null while it is locked. */
  readonly openSession: () => OpenSession | null;
  /** The session whose applications run, open or locked. */
  readonly heldSession: () => OpenSession | null;
}

/** A complete download, as the screens tell of it. */
export interface Download {
  readonly appId: string;
  readonly file: string;
  /** What the page called it. */
  readonly name: string;
}

const NOTHING: Saved = { files: 0, bytes: 0 };
const MEGABYTE_BYTES = 1024 * 1024;

/** `closed`: the person did it, and needs no word about it. */
const SENTENCES: Readonly<Record<NotSaved, MessageKey | null>> = {
  'not-allowed': 'download.notAllowed',
  address: 'download.address',
  'too-large': 'download.tooLarge',
  'at-once': 'download.atOnce',
  locked: 'download.stopped',
  closed: null,
  failed: 'download.failed',
  flood: 'download.failed',
  'screens-lost': 'download.stopped',
  'session-full': 'download.full',
  'no-place': 'download.noPlace',
  'no-application': 'download.noApplication',
};
const NOT_KEPT = { 'no-home': 'no-place', 'no-room': 'session-full', failed: 'failed' } as const;

export class SessionDownloads {
  readonly #ports: DownloadsPorts;
  /** One after the other: each is judged by what those before it left. */
  #line: Promise<unknown> = Promise.resolve();
  #saved: Saved = NOTHING;
  /** A download that the lock stopped: told when the person is back, never on the lock. */
  #owed: { readonly session: string; readonly appId: string } | null = null;

  constructor(ports: DownloadsPorts) {
    this.#ports = ports;
  }

  /** Gives the screens a place for downloads where the policy lets any page make one. */
  prepare(): void {
    const { snapshot, incoming, log } = this.#ports;
    if (snapshot()?.document.apps.some(mayDownload) !== true) return;
    try {
      incoming.open();
    } catch (failure) {
      log.error('there is no place for downloads, so none will be saved', { failure });
    }
  }

  /** The seat is open again: what the lock stopped is told now. */
  opened(session: string): void {
    const owed = this.#owed;
    this.#owed = null;
    if (owed?.session === session) this.#tell(owed.appId, 'locked');
  }

  /** Nothing on its way outlives its session. */
  ended(): void {
    this.#saved = NOTHING;
    this.#owed = null;
    this.#empty();
  }

  /**
   * Nor the screens that brought it: it comes to nothing, and the person hears of that on coming back. Call it once the seat has locked. Which
   * application saved it only they knew.
   */
  screensLost(): void {
    const left = this.#empty();
    if (left > 0) this.refused('', 'screens-lost', left);
  }

  close(): void {
    this.#ports.incoming.close();
  }

  /** Downloads came to nothing. One that the policy denies is recorded already, as what the screens refused. */
  refused(appId: string, reason: NotSaved, count = 1): void {
    const { border, apps, openSession, heldSession } = this.#ports;
    const held = heldSession();
    if (reason !== 'not-allowed') {
      const app = apps.recordable(appId);
      border.note({ type: 'download.refused', body: { session: held?.id ?? null, app, reason, count } }, { app, reason });
    }
    if (openSession() !== null) this.#tell(appId, reason);
    else if (held !== null) this.#owed = { session: held.id, appId };
  }

  /** Whether the session has the file now. Never rejects. */
  async save(download: Download): Promise<boolean> {
    const saved = this.#line.then(() => this.#save(download));
    this.#line = saved;
    return saved;
  }

  async #save(download: Download): Promise<boolean> {
    const { incoming, log } = this.#ports;
    const { appId } = download;
    const taken = await incoming.take(download.file);
    try {
      const why = taken === null ? 'failed' : await this.#keep(download, taken);
      if (why !== 'saved' && why !== 'unrecorded') this.refused(appId, why);
      return why === 'saved';
    } catch (failure) {
      log.error('a download failed', { failure });
      this.refused(appId, 'failed');
      return false;
    } finally {
      await taken?.handle.close();
    }
  }

  async #keep({ appId, name }: Download, { handle, bytes }: TakenFile): Promise<NotSaved | 'saved' | 'unrecorded'> {
    const { openSession, launcher, log } = this.#ports;
    const session = openSession();
    if (session === null) return 'locked';
    const why = this.#whyNot(session, appId, bytes) ?? (await this.#unrecorded(session, appId, bytes));
    if (why !== undefined) return why;
    // While the event was written the seat may have locked, or the session ended.
    if (openSession()?.id !== session.id) return 'locked';
    const kept = await launcher.keepFile(session.id, { fd: handle.fd, bytes, name: safeName(name) });
    if (!kept.ok) {
      log.warn('a download could not be put into the session', { app: appId, reason: kept.reason, detail: kept.detail });
      return NOT_KEPT[kept.reason];
    }
    // Of a session that ended meanwhile there is nothing left, and nothing to be told.
    if (openSession()?.id !== session.id) return 'saved';
    this.#saved = { files: this.#saved.files + 1, bytes: this.#saved.bytes + bytes };
    this.#say(appId, 'download.saved', { number: this.#saved.files });
    return 'saved';
  }

  #whyNot(session: OpenSession, appId: string, bytes: number): NotSaved | undefined {
    const { snapshot, where, apps } = this.#ports;
    const document = snapshot()?.document;
    const app = document?.apps.find(({ id }) => id === appId);
    if (document === undefined || app === undefined || !mayDownload(app) || apps.stateOf(appId) !== 'running') return 'not-allowed';
    const facts = { session: factsOf(session), where: where() };
    // Kept in memory for nobody, where no application of this person could open it.
    const isOfUse = document.apps.some(({ id, kind }) => kind === 'native' && decide({ appId: id, ...facts }, document).effect === 'allow');
    return isOfUse ? overLimit(this.#saved, bytes) : 'no-application';
  }

  /** Undefined once it is in the record. */
  async #unrecorded(session: OpenSession, app: string, bytes: number): Promise<'flood' | 'unrecorded' | undefined> {
    const { recorder, apps } = this.#ports;
    try {
      await recorder.append({ type: 'download.saved', body: { session: session.id, app, bytes } });
      return undefined;
    } catch (failure) {
      if (isWardlockError(failure) && failure.code === 'AUDIT_EVENT_COUNTED') return 'flood';
      apps.sayUnrecorded();
      return 'unrecorded';
    }
  }

  /** How many were on their way. */
  #empty(): number {
    try {
      return this.#ports.incoming.empty();
    } catch (failure) {
      this.#ports.log.error('downloads on their way could not be removed', { failure });
      return 0;
    }
  }

  #tell(appId: string, reason: NotSaved): void {
    const key = SENTENCES[reason];
    if (key !== null) this.#say(appId, key, key === 'download.tooLarge' ? { megabytes: MAX_FILE_BYTES / MEGABYTE_BYTES } : {});
  }

  #say(appId: string, key: MessageKey, numbers: Message['params']): void {
    const name = this.#ports.snapshot()?.document.apps.find(({ id }) => id === appId)?.name;
    this.#ports.apps.say({ key, params: { ...numbers, ...(name === undefined ? {} : { app: name }) } });
  }
}

function mayDownload(app: PolicyDocument['apps'][number]): boolean {
  return app.kind === 'web' && webOptions(app).downloads === 'allow';
}
