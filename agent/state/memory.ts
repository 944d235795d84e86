/**
 * What a seat must remember over a crash: who was signed in, the throttles of guessed PINs, who was here last. One sealed
 * file, durable at every change. A file that can't be read costs everybody a wait, never a free guess.
 */
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { type AuditEvent, events } from '../../contract/events.ts';
import { Id, SessionId, Timestamp } from '../../contract/scalars.ts';
import { restored, type Throttle } from '../../core/session/throttle.ts';
import type { Clock } from '../clock.ts';
import type { SecretBox } from '../keys/index.ts';
import { type BoxedFile, loadBoxed, saveBoxed } from './boxed.ts';

const ThrottleRow = Type.Object({
  pinId: Type.String({ maxLength: 100 }),
  failures: Type.Integer({ minimum: 0 }),
  waitMs: Type.Integer({ minimum: 0 }),
  waitUntilBootMs: Type.Number(),
  bootId: Type.String({ maxLength: 64 }),
});
const Remembered = Type.Object({
  open: Type.Union([
    Type.Null(),
    Type.Object({
      session: SessionId,
      person: Type.Union([Type.Null(), Id]),
      kind: Type.Union([Type.Literal('person'), Type.Literal('breakglass')]),
    }),
  ]),
  throttles: Type.Record(Id, ThrottleRow),
  /** When the seat last knew that its server answers: the age of everything that it knows. */
  lastContact: Type.Optional(Timestamp),
  /** The highest versions that were ever in force here: a file that is lost lets nothing older in. */
  highestPolicy: Type.Optional(Type.Integer({ minimum: 0 })),
  highestDirectory: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Break-glass that no log could take, as JSON of the event, until one takes it. */
  unreported: Type.Array(Type.String({ maxLength: 2048 }), { maxItems: 64 }),
  lastLogins: Type.Record(Id, Type.Object({ at: Timestamp, seatName: Type.String({ maxLength: 120 }) })),
});
type Remembered = Static<typeof Remembered>;
export type OpenRow = NonNullable<Remembered['open']>;
export type LastLogin = Remembered['lastLogins'][string];

export type SignedThing = 'policy' | 'directory';
const HIGHEST = { policy: 'highestPolicy', directory: 'highestDirectory' } as const;

const EMPTY: Remembered = { open: null, throttles: {}, unreported: [], lastLogins: {} };

const UNREPORTED_LIMIT = 64;
const BreakGlassEvent = Type.Union([
  Type.Object({ type: Type.Literal('breakglass.started'), body: events['breakglass.started'].body }),
  Type.Object({ type: Type.Literal('breakglass.ended'), body: events['breakglass.ended'].body }),
]);
const isBreakGlass = (value: unknown): value is Static<typeof BreakGlassEvent> => Value.Check(BreakGlassEvent, value);

export class SeatMemory {
  readonly #file: BoxedFile<typeof Remembered>;
  readonly #box: SecretBox;
  #now: Remembered;
  /** The file was there and was not ours: the caller records it and makes everybody wait. */
  readonly wasBroken: boolean;

  constructor(path: string, box: SecretBox, clock: Clock) {
    this.#file = { path, purpose: 'seat-memory', schema: Remembered };
    this.#box = box;
    const loaded = loadBoxed(this.#file, box);
    this.wasBroken = loaded.found === 'broken';
    const value = loaded.found === 'value' ? loaded.value : EMPTY;
    const now = { bootMs: clock.bootMs(), bootId: clock.bootId };
    const throttles = Object.fromEntries(Object.entries(value.throttles).map(([id, throttle]) => [id, restored(throttle, now)]));
    this.#now = { ...value, throttles };
    if (Object.keys(throttles).length > 0) this.#save(this.#now);
  }

  get open(): OpenRow | null {
    return this.#now.open;
  }

  get throttles(): Readonly<Record<string, Throttle>> {
    return this.#now.throttles;
  }

  lastLogin(person: string): LastLogin | null {
    return this.#now.lastLogins[person] ?? null;
  }

  setOpen(open: OpenRow | null): void {
    if (open === null && this.#now.open === null) return;
    this.#save({ ...this.#now, open });
  }

  setThrottle(person: string, throttle: Throttle | null): void {
    const { [person]: former, ...others } = this.#now.throttles;
    if (throttle === null && former === undefined) return;
    this.#save({ ...this.#now, throttles: throttle === null ? others : { ...others, [person]: throttle } });
  }

  setLastLogin(person: string, login: LastLogin): void {
    this.#save({ ...this.#now, lastLogins: { ...this.#now.lastLogins, [person]: login } });
  }

  get lastContact(): string | null {
    return this.#now.lastContact ?? null;
  }

  setLastContact(at: string): void {
    this.#save({ ...this.#now, lastContact: at });
  }

  /** The highest version of it that was ever in force here; 0 before the first. */
  highest(what: SignedThing): number {
    return this.#now[HIGHEST[what]] ?? 0;
  }

  /** Never lowers it. Durable when it returns. */
  raiseHighest(what: SignedThing, version: number): void {
    if (version > this.highest(what)) this.#save({ ...this.#now, [HIGHEST[what]]: version });
  }

  get unreported(): readonly AuditEvent[] {
    return this.#now.unreported.flatMap((text) => {
      const event: unknown = JSON.parse(text);
      return isBreakGlass(event) ? [event] : [];
    });
  }

  /** Keeps an event that no log could take. On a disk that takes nothing it is kept as long as the agent runs. */
  addUnreported(event: AuditEvent): void {
    const next = { ...this.#now, unreported: [...this.#now.unreported, JSON.stringify(event)].slice(-UNREPORTED_LIMIT) };
    this.#now = next;
    this.#save(next);
  }

  clearUnreported(): void {
    if (this.#now.unreported.length > 0) this.#save({ ...this.#now, unreported: [] });
  }

  /** Memory follows the disk: when the write fails, the former value stays. */
  #save(next: Remembered): void {
    saveBoxed(this.#file, this.#box, next);
    this.#now = next;
  }
}
