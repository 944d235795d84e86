/**
 * One seat, put together from its parts: what people do goes to the machines, what the site says goes to policy and staff,
 * what follows goes to the screens. It owns the parts' life and no rule of its own.
 */
import type { Params } from '../contract/boundary.ts';
import type { SeatView } from '../contract/seat-view.ts';
import type { UiBoundary } from '../contract/ui.ts';
import { peopleIn } from '../core/session/subject.ts';
import type { OpenSession, SeatEvent } from '../core/session/types.ts';
import type { BorderWatch } from './border.ts';
import type { Clock } from './clock.ts';
import { Credentials, startOver } from './credentials/credentials.ts';
import type { StaffDirectory } from './credentials/directory.ts';
import type { Outbox } from './credentials/outbox.ts';
import type { PinCheck } from './credentials/pin.ts';
import type { SeatIdentity } from './enrolment/seat-identity.ts';
import type { KeyProtection } from './keys/index.ts';
import type { Launcher } from './launch/port.ts';
import { StrictLauncher } from './launch/strict.ts';
import type { SeatLog } from './log.ts';
import type { AgentOptions } from './options.ts';
import { keysGuard } from './readers/keys-guard.ts';
import type { ReaderEvents, ReaderStack } from './readers/port.ts';
import { readerRulesOf } from './readers/rules.ts';
import { SeatReaders } from './readers/seat-readers.ts';
import { noteDamaged } from './record/damaged.ts';
import type { Recorder } from './record/recorder.ts';
import { SeatRecord, type SeatRecordPorts } from './record/seat-record.ts';
import { SessionApps } from './seat/apps.ts';
import { Desktops } from './seat/desktops.ts';
import { SessionDownloads } from './seat/downloads.ts';
import { EnforcementWatch } from './seat/enforcement-watch.ts';
import { FormerLogin } from './seat/former-login.ts';
import { SeatIdle } from './seat/idle.ts';
import { LocalAlarm } from './seat/local-alarm.ts';
import { SeatPicture } from './seat/picture.ts';
import { SessionPrints } from './seat/prints.ts';
import { RecordWatch } from './seat/record-watch.ts';
import { leastPinDigits, type PolicyState } from './seat/rules.ts';
import { SeatRuntime } from './seat/runtime.ts';
import { ClockWatch, SleepWatch, UiWatch } from './seat/watches.ts';
import { SiteLink } from './site-link.ts';
import type { Incoming } from './state/incoming.ts';
import type { SeatMemory } from './state/memory.ts';

export interface SeatParts {
  readonly options: AgentOptions;
  readonly clock: Clock;
  readonly log: SeatLog;
  readonly recorder: Recorder;
  readonly border: BorderWatch;
  readonly memory: SeatMemory;
  readonly identity: SeatIdentity;
  readonly directory: StaffDirectory;
  readonly pins: PinCheck;
  readonly outbox: Outbox;
  readonly launcher: Launcher;
  readonly incoming: Incoming;
  readonly protection: KeyProtection;
  readonly sealingSeed: Uint8Array;
  readonly policyPath: string;
  readonly openStore: SeatRecordPorts['open'];
  /** Starts the stack of PC/SC readers. */
  readonly openReaders: (events: ReaderEvents) => ReaderStack;
}

/** What the seat tells the outside; the sockets fill it in. */
export interface SeatOutputs {
  readonly view: (view: SeatView) => void;
  readonly web: (appId: string, action: 'open' | 'close' | 'closeAll') => void;
  readonly bar: () => void;
  readonly closeUi: () => void;
  readonly appended: () => void;
  /** There is something to tell the server of people. */
  readonly news: () => void;
  /** Hands a token to the syncer; false when none is connected. */
  readonly enrol: (server: string, token: string) => boolean;
}

export class SeatAgent {
  readonly parts: SeatParts;
  readonly record: SeatRecord;
  readonly runtime: SeatRuntime;
  readonly apps: SessionApps;
  readonly downloads: SessionDownloads;
  readonly prints: SessionPrints;
  readonly desktops: Desktops;
  readonly ui: UiWatch;
  readonly site: SiteLink;
  readonly credentials: Credentials;
  readonly readers: SeatReaders;
  readonly idle: SeatIdle;
  readonly #outputs: SeatOutputs;
  readonly #clockWatch: ClockWatch;
  readonly #sleepWatch: SleepWatch;
  #policyState: PolicyState = 'none';
  #wasOpen = false;
  readonly #enforcement: EnforcementWatch;
  readonly #recordWatch: RecordWatch;
  readonly #alarm: LocalAlarm;
  readonly #formerLogin: FormerLogin;
  readonly #picture: SeatPicture;
  #minute = -1;

  constructor(parts: SeatParts, outputs: SeatOutputs) {
    const launcher = new StrictLauncher(parts.launcher, () => this.site.policy?.document ?? null);
    this.parts = { ...parts, launcher };
    this.#outputs = outputs;
    const { clock, log, recorder, memory, directory } = parts;
    const policy = () => this.site.policy;
    const where = () => this.credentials.where;
    const openSession = () => this.runtime.openSession;
    const heldSession = () => this.runtime.heldSession;
    this.ui = new UiWatch(clock);
    this.#clockWatch = new ClockWatch(clock);
    this.#sleepWatch = new SleepWatch(clock);
    this.#alarm = new LocalAlarm(parts);
    this.site = new SiteLink({
      ...parts,
      serverWallMs: () => this.credentials.people.serverWallMs,
      isOnItsWay: (person, version) => this.credentials.people.isOnItsWay(person, version),
      tellSyncer: outputs.enrol,
      openRecord: (policy) => this.record.openFor(policy),
      onPolicy: () => this.#policyChanged(),
      onDirectory: (gone) => {
        if (gone.length > 0) this.runtime.dispatch({ type: 'PersonsRevoked', ids: gone });
        this.push();
      },
      onChanged: () => this.push(),
    });
    // From here on there is a policy that the launcher's mode can be asked of.
    this.#enforcement = new EnforcementWatch(() => launcher.mode);
    this.record = new SeatRecord({
      ...parts,
      open: parts.openStore,
      mode: launcher.mode.name,
      onAppended: outputs.appended,
    });
    this.#recordWatch = new RecordWatch({
      ...parts,
      record: this.record,
      snapshot: policy,
      openSession,
      dispatch: (event) => void this.runtime.dispatch(event),
    });
    this.credentials = new Credentials({
      ...parts,
      policy,
      trustedWallMs: () => this.site.trustedWallMs(),
      leastPinDigits: () => leastPinDigits(this.site.policy, parts.protection),
      present: () => {
        const session = this.runtime.openSession;
        return session?.kind === 'person' ? (session.who?.id ?? null) : null;
      },
      heldSession,
      dispatch: (event) => void this.runtime.dispatch(event),
      isClosed: () => this.runtime.openSession === null,
      isOnline: () => this.site.connection.state === 'online',
      tell: outputs.news,
      changed: () => this.push(),
    });
    this.#formerLogin = new FormerLogin(parts, (person) => this.credentials.lastLogin(person));
    this.readers = new SeatReaders({
      clock,
      rules: () => readerRulesOf(this.site.policy?.document ?? null),
      note: (event) => recorder.note(event),
      arrived: ({ number }) => this.credentials.entrance.badge(number),
      dispatch: (event) => void (event.type === 'BadgeRead' ? this.dispatch(event) : this.runtime.dispatch(event)),
      changed: () => this.push(),
      open: parts.openReaders,
    });
    this.idle = new SeatIdle({
      clock,
      rules: () => this.credentials.rulesFor(null),
      presence: () => this.runtime.seat.common.presence,
      holderOf: (badge) => directory.holderOf(badge),
      openSession,
      note: (event) => recorder.note(event),
      idle: (idleMs) => void this.runtime.dispatch({ type: 'Activity', idleMs }),
      changed: () => this.push(),
    });
    const guardKeys = keysGuard({ ...parts, rules: () => this.readers.rules, read: (one) => this.badge(one, 'ui'), bar: outputs.bar });
    this.desktops = new Desktops({ launcher, guardKeys, xauthority: parts.options.xauthority, log });
    const session = { snapshot: policy, where, openSession, heldSession };
    this.apps = new SessionApps({
      ...this.parts,
      ...session,
      web: outputs.web,
      display: (session) => this.desktops.ready(session),
      onChanged: () => this.push(),
    });
    this.downloads = new SessionDownloads({ ...this.parts, ...session, apps: this.apps });
    this.prints = new SessionPrints({ ...this.parts, ...session, apps: this.apps, onChanged: () => this.push() });
    if (memory.wasBroken) startOver(parts);
    this.runtime = new SeatRuntime({
      ...parts,
      surroundings: (about) => ({
        rules: this.credentials.rulesFor(about),
        policy: this.site.policyState,
        uiConnected: this.ui.connected,
        ...this.credentials.surroundings,
      }),
      checkPin: (person, pin) => this.credentials.checkPin(person, pin),
      useCard: (card) => this.credentials.useCard(card),
      openSession: (session) => this.#sessionOpened(session),
      endSession: async (session) => {
        const clean = await this.apps.endSession(session);
        this.desktops.forget(session);
        this.downloads.ended();
        return clean;
      },
      onChanged: () => {
        this.#enforceAtUnlock();
        void this.apps.follow();
        this.push();
      },
      onTick: () => this.#tick(),
    });
    const { runtime, ui, credentials, site, apps, prints, readers, idle, record } = this;
    const made = { runtime, ui, credentials, site, apps, prints, readers, idle, record };
    this.#picture = new SeatPicture({ ...this.parts, ...made, formerLogin: this.#formerLogin, alarm: this.#alarm, show: outputs.view });
  }

  /** Opens what is known of the site and the record, and writes what a former life left unsaid. */
  async start(): Promise<void> {
    const { recorder } = this.parts;
    noteDamaged(this.parts, recorder);
    this.downloads.close();
    if (!this.site.open()) {
      recorder.note({ type: 'tamper.found', body: { fault: 'POLICY_DAMAGED', detail: 'The stored policy did not verify.' } });
    }
    await this.#recordWatch.open();
    this.#policyState = this.site.policyState;
    this.readers.start();
  }

  async close(reason: string): Promise<void> {
    const { session } = this.runtime.seat;
    const held =
      session.at === 'active' || session.at === 'ending' ? session.session : session.at === 'authenticating' ? session.held : null;
    this.runtime.close();
    // A session that is being ended has its event already.
    if (held !== null && session.at !== 'ending') {
      const body = { session: held.id, person: held.who?.id ?? null, reason };
      await this.parts.recorder.append({ type: held.kind === 'breakglass' ? 'breakglass.ended' : 'session.ended', body }).then(
        () => this.parts.memory.setOpen(null),
        () => {},
      );
    }
    if (held !== null) await this.apps.endSession(held.id);
    this.downloads.close();
    await this.readers.close();
    await this.parts.launcher.close();
    await this.record.close();
  }

  dispatch(event: SeatEvent): boolean {
    if (event.type === 'BadgeRead') this.credentials.tapped(event);
    this.apps.clearMessage();
    return this.runtime.dispatch(event);
  }

  badge(number: string | null, source: 'ui' | 'cli'): boolean {
    const isAllowed = source !== 'ui' || this.readers.keyboardRead();
    if (isAllowed && number !== null) return this.dispatch(this.credentials.entrance.badge(number));
    return this.dispatch({ type: 'BadgeRead', badge: null, standing: isAllowed ? 'tooLong' : 'notAllowed', who: null });
  }

  activity(report: Params<UiBoundary, 'activity'>): void {
    this.ui.reported();
    this.idle.report(report);
  }

  /** The screens are gone or can't be trusted: lock first. */
  uiLost(reason: 'closed' | 'hung' | 'silent'): void {
    if (!this.ui.connected) return;
    this.ui.lost();
    this.desktops.withdraw();
    this.runtime.dispatch({ type: 'UiLost', reason });
    this.downloads.screensLost();
    this.prints.screensLost();
    if (reason !== 'closed') this.#outputs.closeUi();
  }

  push(): void {
    this.#picture.push();
  }

  view(): SeatView {
    return this.#picture.take();
  }

  #policyChanged(): void {
    this.#policyState = this.site.policyState;
    void this.apps.enforce();
    this.downloads.prepare();
    this.push();
  }

  /** What could not be ended while the seat was locked is tried again before anybody works with it, and the site hears who came in. */
  #enforceAtUnlock(): void {
    const open = this.runtime.openSession;
    if (open !== null && !this.#wasOpen) {
      void this.apps.enforce();
      this.downloads.opened(open.id);
      this.prints.opened(open.id);
      // Where this person still sits elsewhere, that seat should hear of it now.
      this.#outputs.news();
    }
    this.#wasOpen = open !== null;
  }

  #sessionOpened(session: OpenSession): void {
    const { launcher, log } = this.parts;
    launcher.openSession({ sessionId: session.id });
    this.downloads.prepare();
    this.#alarm.opened(session);
    // A display takes longer than a person who reads the launcher: it is begun before the first application is asked for.
    this.desktops.ready(session.id).catch((failure: unknown) => log.warn('no display for applications yet', { failure }));
    this.#formerLogin.opened(session);
  }

  #tick(): void {
    const { minute } = this.credentials.where;
    if (minute !== this.#minute) {
      this.#minute = minute;
      // A rule of the policy may begin or end with any minute.
      void this.apps.enforce();
      this.push();
    }
    if (this.#sleepWatch.slept()) {
      this.ui.woke();
      this.runtime.dispatch({ type: 'PowerChanged', what: 'slept' });
    }
    const seconds = this.#clockWatch.stepped();
    if (seconds !== 0) this.runtime.dispatch({ type: 'ClockStepped', seconds });
    this.#recordWatch.tick();
    const enforcement = this.#enforcement.look();
    if (enforcement !== null) this.runtime.dispatch(enforcement);
    this.site.noteContact();
    this.credentials.tick();
    const lost = this.ui.judge(this.runtime.openSession !== null);
    if (lost !== null) this.uiLost(lost);
    const state = this.site.policyState;
    if (state !== this.#policyState) {
      this.#policyState = state;
      if (state === 'expired') this.runtime.dispatch({ type: 'PolicyLost' });
      this.push();
    }
    const gone = this.credentials.withoutStanding(peopleIn(this.runtime.seat.session));
    if (gone.length > 0) this.runtime.dispatch({ type: 'PersonsRevoked', ids: gone });
    this.#picture.pushIfOther();
  }
}
