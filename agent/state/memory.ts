/**
 * What a seat must remember over a crash: who was signed in, the throttles of guessed PINs, who was here last. One sealed
 * file, durable at every change. A file that can't be read costs everybody a wait, never a free guess.
 */
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { type AuditEvent, events } from '../../contract/events.ts';
import { Base64, Count, Id, SessionId, Sha256Hex, Timestamp } from '../../contract/scalars.ts';
import { SHIFT_PAUSE_MS } from '../../core/credentials/shift.ts';
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
  /** Wrong codes at this seat, whoever typed them. */
  codeThrottle: Type.Optional(ThrottleRow),
  /** Keyed hashes of the downtime cards that opened this seat. */
  usedCards: Type.Optional(Type.Array(Sha256Hex)),
  /**
   * Downtime cards of which nobody here knows any more whether they opened this seat. The server's word that the staff here is the newest ends
   * the doubt: cards that it knows as used are none of it. `untilReplaced`: what was not told to it was lost, too, so only new cards are sure.
   */
  doubt: Type.Optional(Type.Object({ cards: Type.Array(Sha256Hex), untilReplaced: Type.Boolean() })),
  /** How often each person was asked for the PIN here in the present shift. */
  prompts: Type.Optional(Type.Record(Id, Type.Object({ count: Count, lastAt: Timestamp }))),
  /** Wrong PINs in a row at other seats, as last told: no restart makes a seat forget them. `pin` is the salt. */
  elsewhere: Type.Optional(Type.Record(Id, Type.Object({ pin: Base64, failures: Count }))),
  /** When the server last said that the staff here is the newest, and how long this seat has run since. */
  staffKnown: Type.Optional(Type.Object({ at: Timestamp, ranMs: Count })),
  /** When the seat last knew that its server answers: the age of everything that it knows. */
  lastContact: Type.Optional(Timestamp),
  /** The highest versions that were ever in force here: a file that is lost lets nothing older in. */
  highestPolicy: Type.Optional(Type.Integer({ minimum: 0 })),
  highestDirectory: Type.Optional(Type.Integer({ minimum: 0 })),
  /** The newest emergency access without a name to which nobody has come yet who has one. */
  localAlarm: Type.Optional(Type.Object({ session: SessionId, since: Timestamp })),
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
    const { codeThrottle, ...rest } = value;
    this.#now = { ...rest, throttles, ...(codeThrottle === undefined ? {} : { codeThrottle: restored(codeThrottle, now) }) };
    if (codeThrottle !== undefined || Object.keys(throttles).length > 0) this.#keep(this.#now);
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

  get elsewhere(): NonNullable<Remembered['elsewhere']> {
    return this.#now.elsewhere ?? {};
  }

  setElsewhere(elsewhere: NonNullable<Remembered['elsewhere']>): void {
    if (JSON.stringify(elsewhere) !== JSON.stringify(this.elsewhere)) this.#save({ ...this.#now, elsewhere });
  }

  get staffKnown(): Remembered['staffKnown'] | null {
    return this.#now.staffKnown ?? null;
  }

  setStaffKnown(staffKnown: NonNullable<Remembered['staffKnown']>): void {
    this.#save({ ...this.#now, staffKnown });
  }

  get codeThrottle(): Throttle | null {
    return this.#now.codeThrottle ?? null;
  }

  setCodeThrottle(throttle: Throttle | null): void {
    const { codeThrottle, ...rest } = this.#now;
    if (throttle !== null || codeThrottle !== undefined) this.#save(throttle === null ? rest : { ...rest, codeThrottle: throttle });
  }

  get usedCards(): readonly string[] {
    return this.#now.usedCards ?? [];
  }

  get cardsInDoubt(): readonly string[] {
    return this.#now.doubt?.cards ?? [];
  }

  /** The server said that the staff here is the newest. */
  endDoubt(): void {
    const { doubt, ...rest } = this.#now;
    if (doubt?.untilReplaced === false) this.#save(rest);
  }

  /** Durable when it returns. @param known cards that can still be shown: what is not among them needs no memory */
  useCard(card: string, known: readonly string[]): void {
    const still = this.usedCards.filter((one) => known.includes(one) && one !== card);
    this.#save({ ...this.#now, usedCards: [...still, card] });
  }

  /** Counts one more prompt for the PIN and says how many there were in this shift. A long pause begins a new shift. */
  countPrompt(person: string, wallMs: number): number {
    const { [person]: last, ...others } = this.#now.prompts ?? {};
    const isSameShift = last !== undefined && Math.abs(wallMs - Date.parse(last.lastAt)) < SHIFT_PAUSE_MS;
    const count = isSameShift ? last.count + 1 : 1;
    this.#save({ ...this.#now, prompts: { ...others, [person]: { count, lastAt: new Date(wallMs).toISOString() } } });
    return count;
  }

  promptsOf(person: string): number {
    return this.#now.prompts?.[person]?.count ?? 0;
  }

  setLastLogin(person: string, login: LastLogin): void {
    this.#save({ ...this.#now, lastLogins: { ...this.#now.lastLogins, [person]: login } });
  }

  get localAlarm(): NonNullable<Remembered['localAlarm']> | null {
    return this.#now.localAlarm ?? null;
  }

  setLocalAlarm(alarm: NonNullable<Remembered['localAlarm']> | null): void {
    const { localAlarm: _, ...rest } = this.#now;
    this.#save(alarm === null ? rest : { ...rest, localAlarm: alarm });
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

  /** What must hold where all was forgotten; on a disk that takes nothing it holds as long as the agent runs. False then. */
  startOver(cautious: Required<Pick<Remembered, 'throttles' | 'codeThrottle' | 'usedCards' | 'doubt'>>): boolean {
    return this.#keep({ ...this.#now, ...cautious });
  }

  /** For waits, which hold at once: what is not written starts whole again at the next start, and is never shorter. */
  #keep(next: Remembered): boolean {
    this.#now = next;
    try {
      this.#save(next);
      return true;
    } catch {
      return false;
    }
  }

  /** Memory follows the disk: when the write fails, the former value stays. */
  #save(next: Remembered): void {
    saveBoxed(this.#file, this.#box, next);
    this.#now = next;
  }
}
