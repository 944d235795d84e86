/**
 * What may enter the log: events of the taxonomy, within size, floods of the lower classes summarised with a count. Owns
 * validation and the buckets; must never drop an event without counting it, nor hold back one of class 1 but for refusals that the
 * network's parser can bring about as often as it likes.
 */
import type { TObject } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { type AuditEvent, type EventClass, type EventType, events } from '../../contract/events.ts';
import { checkContent } from '../../core/audit/entry.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { WardlockError } from '../../core/errors/index.ts';

/** A bucket holds so many events of one type and fills again at so many a second. */
interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}
const ALLOWANCES: Readonly<Record<2 | 3, Allowance>> = { 2: { burst: 200, perSecond: 10 }, 3: { burst: 20, perSecond: 2 } };
/**
 * Refusals of what the syncer hands in are class 1, and whoever took it over could fill the store with them: the first of each code are
 * recorded, then as many as tell that it goes on, and the rest is counted. A second bucket is for all codes of a type together.
 */
const OF_ONE_CODE: Allowance = { burst: 10, perSecond: 1 / 60 };
const OF_ALL_CODES: Allowance = { burst: 60, perSecond: 0.1 };
/** How full the store may be before a class has to wait for room; class 1 may use all of it. */
const SHARE: Readonly<Record<EventClass, number>> = { 1: 1, 2: 0.95, 3: 0.8 };
/** Ends of sessions end the epoch too: what one person did is sealed before the next one sits down. */
const EPOCH_ENDERS: ReadonlySet<EventType> = new Set(['session.ended', 'breakglass.ended']);
const MICROS_PER_SECOND = 1_000_000;

const validators = new Map<string, Validator<Record<never, never>, TObject>>();
for (const [type, { body }] of Object.entries(events)) validators.set(type, Compile<TObject>(body));

export interface Admitted {
  readonly outcome: 'admitted';
  /** Canonical JSON, within size. */
  readonly text: string;
  readonly eventClass: EventClass;
  readonly endsEpoch: boolean;
}

export type Admission = Admitted | { readonly outcome: 'summarised' };

export class Intake {
  readonly #nowMicros: () => number;
  /** By type; those of one code by type and code. */
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  readonly #held = new Map<EventType, number>();

  constructor(nowMicros: () => number) {
    this.#nowMicros = nowMicros;
  }

  /**
   * Judges one event. Throws AUDIT_EVENT_REFUSED for what is not of the taxonomy, AUDIT_EVENT_OVERSIZE for what is too long and
   * AUDIT_STORE_FULL where its class has no room; whatever is not admitted is counted. @param fill how full the store is, 0 to 1
   */
  admit(event: AuditEvent, fill: number): Admission {
    try {
      return this.#judge(event, fill);
    } catch (error) {
      if (isEventType(event.type)) this.hold(event.type);
      throw error;
    }
  }

  #judge(event: AuditEvent, fill: number): Admission {
    const validator = validators.get(event.type);
    if (validator === undefined || !validator.Check(event.body)) {
      throw new WardlockError('AUDIT_EVENT_REFUSED', `The event ${String(event.type).slice(0, 60)} does not fit the taxonomy.`);
    }
    const eventClass = events[event.type].class;
    const isFlood = eventClass === 1 ? this.#isRepeated(event) : !this.#take(event.type, ALLOWANCES[eventClass]);
    const hasRoom = fill < SHARE[eventClass];
    if (isFlood || (eventClass === 3 && !hasRoom)) {
      this.hold(event.type);
      return { outcome: 'summarised' };
    }
    if (!hasRoom) throw new WardlockError('AUDIT_STORE_FULL');
    return { outcome: 'admitted', text: sealable(event), eventClass, endsEpoch: EPOCH_ENDERS.has(event.type) };
  }

  /** Counts an event that is not recorded itself. */
  hold(type: EventType): void {
    this.#held.set(type, (this.#held.get(type) ?? 0) + 1);
  }

  /** Takes one back that another log took after all. */
  release(type: EventType): void {
    const left = (this.#held.get(type) ?? 0) - 1;
    if (left > 0) this.#held.set(type, left);
    else this.#held.delete(type);
  }

  /** Puts the count of a summary back that could not be recorded. */
  holdAgain(summary: { readonly type: string; readonly count: number }): void {
    const { type, count } = summary;
    if (isEventType(type)) this.#held.set(type, (this.#held.get(type) ?? 0) + count);
  }

  /** The summaries that are due, one for each type; reading them starts the counts again. */
  takeSummaries(): readonly AuditEvent[] {
    const due = [...this.#held].map(([type, count]): AuditEvent => ({ type: 'recording.summarised', body: { type, count } }));
    this.#held.clear();
    return due;
  }

  #isRepeated(event: AuditEvent): boolean {
    if (event.type !== 'sync.incident' && event.type !== 'policy.refused' && event.type !== 'directory.refused') return false;
    return !this.#take(`${event.type} ${event.body.code}`, OF_ONE_CODE) || !this.#take(event.type, OF_ALL_CODES);
  }

  #take(bucketOf: string, allowance: Allowance): boolean {
    const at = this.#nowMicros();
    const bucket = this.#buckets.get(bucketOf) ?? { tokens: allowance.burst, at };
    const gained = (Math.max(0, at - bucket.at) / MICROS_PER_SECOND) * allowance.perSecond;
    bucket.tokens = Math.min(allowance.burst, bucket.tokens + gained);
    bucket.at = at;
    this.#buckets.set(bucketOf, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(events, type);
}

/** The event as what is sealed: canonical JSON. Throws AUDIT_EVENT_OVERSIZE for one that is too long. */
export function sealable(event: AuditEvent): string {
  const text = canonicalJson({ body: event.body, type: event.type });
  checkContent(text);
  return text;
}
