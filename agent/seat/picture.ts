/**
 * When the screens get a new picture of the seat, and what each part of the seat says for it. It counts the pictures and knows what
 * the last one said; what stands in one is `view.ts`'s.
 */
import type { SeatView } from '../../contract/seat-view.ts';
import { subjectOf } from '../../core/session/subject.ts';
import type { SeatAgent, SeatParts } from '../seat-agent.ts';
import type { FormerLogin } from './former-login.ts';
import type { LocalAlarm } from './local-alarm.ts';
import { seatView } from './view.ts';

export interface PictureSources
  extends SeatParts,
    Pick<SeatAgent, 'runtime' | 'ui' | 'credentials' | 'site' | 'apps' | 'prints' | 'readers' | 'idle' | 'record'> {
  readonly formerLogin: FormerLogin;
  readonly alarm: LocalAlarm;
  readonly show: (view: SeatView) => void;
}

export class SeatPicture {
  readonly #sources: PictureSources;
  #generation = 0;
  #isPushing = false;
  #said = '';

  constructor(sources: PictureSources) {
    this.#sources = sources;
  }

  /** Shows the picture once everything that happens now has happened. */
  push(): void {
    if (this.#isPushing) return;
    this.#isPushing = true;
    queueMicrotask(() => {
      this.#isPushing = false;
      const view = this.take();
      this.#said = whatIsSaid(view);
      this.#sources.show(view);
    });
  }

  /** What changes by itself (a connection's age, a message's time) is shown as soon as it would say something else. */
  pushIfOther(): void {
    if (whatIsSaid(this.take()) !== this.#said) this.push();
  }

  /** The seat as it is now, under a number that no other picture of this life has. */
  take(): SeatView {
    const { clock, identity, directory, launcher, recorder, options, protection } = this.#sources;
    const { runtime, ui, credentials, site, apps, prints, readers, idle, record, formerLogin, alarm } = this.#sources;
    this.#generation += 1;
    const { enrolment } = identity;
    const known = directory.current ?? enrolment;
    return seatView({
      generation: this.#generation,
      seat: runtime.seat,
      env: {
        bootMs: clock.bootMs(),
        wallMs: clock.wallMs(),
        rules: credentials.rulesFor(subjectOf(runtime.seat, null)),
        uiConnected: ui.connected,
        ...credentials.surroundings,
      },
      snapshot: site.policy,
      where: credentials.where,
      names: known === null ? null : { seatName: known.seatName, wardName: known.ward.name },
      pinDigits: (person) => directory.pinOf(person)?.digits ?? null,
      appState: (app) => apps.stateOf(app),
      appMessage: prints.message ?? apps.message,
      trouble: site.trouble,
      lastLogin: formerLogin.shown,
      localAlarm: alarm.standing,
      wedge: readers.rules.wedge,
      signIn: credentials.signIn,
      pinRule: credentials.pinRule,
      enforcement: launcher.mode,
      enrolment: identity.view,
      truth: {
        reader: { state: readers.report.state, name: readers.report.name },
        connection:
          enrolment === null ? { state: 'unenrolled', since: null } : { state: site.connection.state, since: site.connection.since },
        storage: record.storage(),
        policy: { state: site.policyState, version: site.policy?.version ?? 0 },
        keys: { ...protection },
        staff: credentials.staffTruth,
        idle: idle.truth,
      },
      recorded: recorder.recording,
      practice: options.practice,
    });
  }
}

const whatIsSaid = ({ truth, message }: SeatView): string => JSON.stringify([truth, message]);
