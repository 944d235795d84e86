/**
 * The seat's side of its site: enrolment, what the syncer brings, how old that is. It verifies through `site.ts` and hands
 * on what changed; it never believes the syncer about anything but the connection.
 */
import type { Params, Result } from '../contract/boundary.ts';
import type { Message } from '../contract/seat-view.ts';
import type { SyncBoundary } from '../contract/sync.ts';
import { isErrorCode, WardlockError } from '../core/errors/index.ts';
import type { Clock } from './clock.ts';
import type { SeatIdentity } from './enrolment/seat-identity.ts';
import type { PolicySnapshot } from './policy/policy-store.ts';
import { type PolicyState, policyStateOf } from './seat/rules.ts';
import { timestamp } from './seat/view.ts';
import { Site, type SitePorts } from './site.ts';
import type { SeatMemory } from './state/memory.ts';

export type Connection = Params<SyncBoundary, 'connection'>;

export interface SiteLinkPorts extends Omit<SitePorts, 'enrolment' | 'trustedWallMs'> {
  readonly identity: SeatIdentity;
  readonly memory: SeatMemory;
  readonly clock: Clock;
  /** The server's time by its last answer; 0 before any. */
  readonly serverWallMs: () => number;
  /** Hands a token to the syncer; false when none is connected. */
  readonly tellSyncer: (server: string, token: string) => boolean;
  readonly onChanged: () => void;
}

/** How often contact with the server is remembered, in milliseconds. */
const CONTACT_MS = 60_000;
/** A clock that is off by more than this is said to be wrong, in milliseconds. */
const CLOCK_TOLERANCE_MS = 600_000;

export class SiteLink {
  readonly #ports: SiteLinkPorts;
  #site: Site | null = null;
  #connection: Connection;
  #notedBootMs = Number.NEGATIVE_INFINITY;
  #waiters: (() => void)[] = [];

  constructor(ports: SiteLinkPorts) {
    this.#ports = ports;
    this.#connection = { state: 'offline', since: ports.memory.lastContact ?? timestamp(ports.clock.wallMs()) };
  }

  get policy(): PolicySnapshot | null {
    return this.#site?.policy ?? null;
  }

  get connection(): Connection {
    return this.#connection;
  }

  get policyState(): PolicyState {
    const offlineSince = this.#connection.state === 'online' ? null : Date.parse(this.#connection.since);
    return policyStateOf(this.policy, this.trustedWallMs(), offlineSince);
  }

  /**
   * The wall clock, but never before anything that the site has signed, nor before the server's time by its last answer: a clock that was set back revives neither an expired
   * policy nor a person whose time is over.
   */
  trustedWallMs(): number {
    const signed = [this.policy?.document.issuedAt, this.#ports.directory.current?.issuedAt];
    return Math.max(
      this.#ports.clock.wallMs(),
      this.#ports.serverWallMs(),
      Date.parse(this.#ports.memory.staffKnown?.at ?? '') || 0,
      ...signed.map((at) => (at === undefined ? 0 : Date.parse(at))),
    );
  }

  /** What somebody must mend before this seat goes by the newest staff list and the right time; null when nothing. */
  get trouble(): Message | null {
    const { clock, serverWallMs, directory } = this.#ports;
    const now = clock.wallMs();
    const server = serverWallMs();
    const isAhead = server > 0 && now - server > CLOCK_TOLERANCE_MS;
    if (isAhead || this.trustedWallMs() - now > CLOCK_TOLERANCE_MS) {
      return { key: 'clock.wrong', params: {}, code: 'SESSION_CLOCK_WRONG' };
    }
    const refused = this.#site?.refusedDirectory ?? null;
    return refused === null || directory.current === null ? null : { key: 'staff.refused', params: {}, code: refused };
  }

  /** Loads what is known of the site, if the seat is enrolled. False when the stored policy did not verify. */
  open(): boolean {
    const { enrolment } = this.#ports.identity;
    if (enrolment === null) return true;
    this.#site = new Site({ ...this.#ports, enrolment, trustedWallMs: () => this.trustedWallMs() });
    return !this.#site.policyWasBroken;
  }

  /** Somebody typed a token: the syncer does the rest. @throws ENROL_ALREADY, or SESSION_NOT_NOW without a syncer */
  enrol(server: string, token: string): void {
    const { identity, tellSyncer, onChanged } = this.#ports;
    identity.begin(token);
    if (!tellSyncer(server, token)) {
      const failure = new WardlockError(
        'SESSION_NOT_NOW',
        'The syncer of this seat does not run, so nothing can reach the server. Start it, then try again.',
      );
      this.report('failed', failure.toBody());
      throw failure;
    }
    onChanged();
  }

  report(step: Params<SyncBoundary, 'enrolmentStep'>['step'], error: Params<SyncBoundary, 'enrolmentStep'>['error']): void {
    const { identity, recorder } = this.#ports;
    // Once for each token that was typed: a syncer that goes on reporting must not fill the record.
    if (step === 'failed' && identity.view !== null && identity.view.step !== 'failed') {
      recorder.note({ type: 'enrolment.refused', body: { code: failureOf(error ?? null).code } });
    }
    identity.report(step, error ?? null);
    this.#moved();
  }

  /** The server's answer. @throws ENROL_WRONG_SERVER, ENROL_REPLY_INVALID */
  accept(reply: Uint8Array): string {
    const { identity, recorder } = this.#ports;
    const enrolment = identity.accept(reply);
    recorder.note({ type: 'enrolment.completed', body: { tenant: enrolment.tenant } });
    this.open();
    this.#moved();
    return enrolment.workstationId;
  }

  /** Resolves with the workstation id once the running enrolment is done. @throws what it failed with; IPC_TIMEOUT */
  async enrolled(limitMs: number): Promise<string> {
    const { identity, clock } = this.#ports;
    const deadline = clock.bootMs() + limitMs;
    for (;;) {
      if (identity.enrolment !== null) return identity.workstationId;
      const { view } = identity;
      if (view?.step === 'failed') throw failureOf(view.error);
      const left = deadline - clock.bootMs();
      if (left <= 0) throw new WardlockError('IPC_TIMEOUT', 'The enrolment did not end in time. See: status');
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, left);
        this.#waiters.push(() => {
          clearTimeout(late);
          resolve();
        });
      });
    }
  }

  offerPolicy(envelope: Uint8Array): Promise<Result<SyncBoundary, 'policy'>> {
    return this.#known().offerPolicy(envelope);
  }

  offerDirectory(sealed: Uint8Array): Promise<Result<SyncBoundary, 'directory'>> {
    return this.#known()
      .offerDirectory(sealed)
      .finally(() => this.#ports.onChanged());
  }

  setConnection(connection: Connection): void {
    this.#connection = connection.state === 'online' ? connection : { ...this.#offline(), ...reasonOf(connection) };
    this.noteContact();
    this.#ports.onChanged();
  }

  /** While the server answers, the time of it is remembered now and then, so that no restart makes old knowledge young. */
  noteContact(): void {
    const { memory, clock, log } = this.#ports;
    const now = clock.bootMs();
    if (this.#connection.state !== 'online' || now - this.#notedBootMs < CONTACT_MS) return;
    this.#notedBootMs = now;
    try {
      memory.setLastContact(timestamp(clock.wallMs()));
    } catch (failure) {
      log.warn('the time of the last contact could not be remembered', { failure });
    }
  }

  /** Since when is the seat's own knowledge: a syncer that starts anew knows of no contact before. */
  #offline(): Connection {
    if (this.#connection.state === 'offline') return { state: 'offline', since: this.#connection.since };
    const { memory, clock } = this.#ports;
    return { state: 'offline', since: memory.lastContact ?? timestamp(clock.wallMs()) };
  }

  syncerLost(): void {
    const step = this.#ports.identity.view?.step;
    if (step === 'contacting' || step === 'verifying' || step === 'certifying') {
      const gone = new WardlockError(
        'SESSION_NOT_NOW',
        'The syncer of this seat stopped while it was being enrolled. Type the token again; if the server says that it was used, ask for a new one.',
      );
      this.report('failed', gone.toBody());
    }
    if (this.#connection.state === 'online') this.setConnection({ state: 'offline', since: timestamp(this.#ports.clock.wallMs()) });
  }

  #known(): Site {
    if (this.#site === null) throw new WardlockError('SESSION_NOT_NOW', 'This seat is not enrolled, so it takes nothing from a site.');
    return this.#site;
  }

  #moved(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
    this.#ports.onChanged();
  }
}

/** Why, in words for the doctor; a syncer that starts anew has none, and an older reason must not outlive it. */
function reasonOf({ detail }: Connection): Pick<Connection, 'detail'> {
  return detail === undefined ? {} : { detail };
}

function failureOf(error: { readonly code: string; readonly message: string } | null): WardlockError {
  if (error === null) return new WardlockError('SERVER_REFUSED', 'The enrolment failed.');
  return new WardlockError(isErrorCode(error.code) ? error.code : 'SERVER_REFUSED', error.message);
}
