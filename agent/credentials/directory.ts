/**
 * The ward's staff as this seat knows them: verified when it arrives, sealed on disk, looked up by the keyed hash of a
 * badge. It must never hold a raw badge number, a PIN or an Argon2 output longer than it takes to replace them.
 */
import { createHash, createHmac, createSecretKey } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { type Directory as ReceivedDirectory, SignInCode } from '../../contract/directory.ts';
import { Base64, Count, Id, Label, Sha256Hex, Timestamp } from '../../contract/scalars.ts';
import type { Standing, Who } from '../../core/session/types.ts';
import type { SecretBox } from '../keys/index.ts';
import { type BoxedFile, loadBoxed, saveBoxed } from '../state/boxed.ts';
import { withChangedPin, withNewPin } from './changed-pins.ts';
import type { PinCheck, SeatPin } from './pin.ts';

const SeatFormerPinRow = Type.Object({
  salt: Base64,
  memoryKiB: Type.Integer(),
  passes: Type.Integer(),
  lanes: Type.Integer(),
  tag: Base64,
});
const SeatPinRow = Type.Object({ ...SeatFormerPinRow.properties, digits: Type.Integer() });
const SeatPerson = Type.Object({
  id: Id,
  displayName: Label,
  givenName: Label,
  initials: Type.String({ minLength: 1, maxLength: 4 }),
  role: Id,
  badges: Type.Array(Sha256Hex),
  codes: Type.Optional(Type.Array(SignInCode)),
  pin: Type.Union([Type.Null(), SeatPinRow]),
  /** PINs of before, which may not be taken again, the newest first: what the server told of and what was changed here. */
  formerPins: Type.Optional(Type.Array(SeatFormerPinRow)),
  /** The PIN that the server still has, while one that was changed here is on its way to it. */
  formerPin: Type.Optional(SeatPinRow),
  validFrom: Type.Union([Type.Null(), Timestamp]),
  validUntil: Type.Union([Type.Null(), Timestamp]),
  revoked: Type.Boolean(),
});
const SeatDirectory = Type.Object({
  tenant: Id,
  version: Count,
  issuedAt: Timestamp,
  ward: Type.Object({ id: Id, name: Label }),
  seatName: Label,
  badgeKey: Base64,
  newsKey: Type.Optional(Base64),
  persons: Type.Array(SeatPerson),
});
export type SeatDirectory = Static<typeof SeatDirectory>;
export type SeatPerson = Static<typeof SeatPerson>;

/** A person as somebody who comes, and whether they may now. */
export interface Judged {
  readonly standing: Standing;
  readonly who: Who | null;
}

export interface Lookup extends Judged {
  /** Keyed hash of the badge, for the record. */
  readonly badge: string;
}

export interface CodeLookup extends Lookup {
  readonly kind: SignInCode['kind'];
}

/** How short the PIN of somebody of this role may be. */
type LeastDigits = (role: string) => number;

export class StaffDirectory {
  readonly #file: BoxedFile<typeof SeatDirectory>;
  readonly #box: SecretBox;
  readonly #pins: PinCheck;
  #now: SeatDirectory | null;
  #byBadge = new Map<string, SeatPerson>();
  #byCode = new Map<string, { readonly person: SeatPerson; readonly code: SignInCode }>();
  readonly wasBroken: boolean;
  /** Another number whenever anything of it changed. */
  revision = 0;

  constructor(path: string, box: SecretBox, pins: PinCheck) {
    this.#file = { path, purpose: 'directory', schema: SeatDirectory };
    this.#box = box;
    this.#pins = pins;
    const loaded = loadBoxed(this.#file, box);
    this.wasBroken = loaded.found === 'broken';
    this.#now = loaded.found === 'value' ? loaded.value : null;
    this.#index();
  }

  get current(): SeatDirectory | null {
    return this.#now;
  }

  get version(): number {
    return this.#now?.version ?? 0;
  }

  /**
   * Takes a directory that was verified; says whose session must end with it, and how many known people have another role now. Durable when it returns.
   * @param isOnItsWay whose change of the PIN this directory may not know of yet
   */
  replace(
    received: ReceivedDirectory,
    isOnItsWay: (person: string) => boolean,
  ): { readonly gone: readonly string[]; readonly roles: number } {
    const next: SeatDirectory = {
      tenant: received.tenant,
      version: received.version,
      issuedAt: received.issuedAt,
      ward: received.ward,
      seatName: received.seatName,
      badgeKey: received.badgeKey,
      ...(received.newsKey === undefined ? {} : { newsKey: received.newsKey }),
      persons: received.persons.map((person) => withChangedPin(this.#keep(person), this.person(person.id), isOnItsWay(person.id))),
    };
    saveBoxed(this.#file, this.#box, next);
    const former = this.#now?.persons ?? [];
    this.#now = next;
    this.#index();
    // A session holds the role that it was opened with: who has another role now signs in again.
    const keepsSeat = ({ id, role }: SeatPerson): boolean => {
      const person = this.person(id);
      return person !== undefined && !person.revoked && person.role === role;
    };
    const hasOther = ({ id, role }: SeatPerson): boolean => (this.person(id)?.role ?? role) !== role;
    return { gone: former.filter((person) => !keepsSeat(person)).map(({ id }) => id), roles: former.filter(hasOther).length };
  }

  #keep({ formerPins, ...person }: ReceivedDirectory['persons'][number]): SeatPerson {
    return {
      ...person,
      pin: person.pin === null ? null : this.#pins.keep(person.pin),
      formerPins: (formerPins ?? []).map((former) => this.#pins.keepFormer(former)),
    };
  }

  /** A PIN that its person changed here: in force when this returns, and durable. */
  changePin(id: string, pin: SeatPin): void {
    this.#changePerson(id, (person) => withNewPin(person, pin));
  }

  /** The server did not take the change: the PIN of before is in force again. */
  undoPinChange(id: string): void {
    this.#changePerson(id, ({ formerPin, ...person }) => (formerPin === undefined ? person : { ...person, pin: formerPin }));
  }

  #changePerson(id: string, change: (person: SeatPerson) => SeatPerson): void {
    if (this.#now === null) return;
    const next = { ...this.#now, persons: this.#now.persons.map((person) => (person.id === id ? change(person) : person)) };
    saveBoxed(this.#file, this.#box, next);
    this.#now = next;
    this.#index();
  }

  person(id: string): SeatPerson | undefined {
    return this.#now?.persons.find((person) => person.id === id);
  }

  who(id: string): Who | undefined {
    const person = this.person(id);
    return person === undefined ? undefined : whoOf(person);
  }

  pinOf(id: string): SeatPin | null {
    return this.person(id)?.pin ?? null;
  }

  /** Who holds this badge, and whether they may use it now. The same work for a known and an unknown one. */
  find(number: string, wallMs: number, leastDigits?: LeastDigits): Lookup {
    const badge = this.#hash(number.toUpperCase().replaceAll('-', ''));
    return { badge, ...this.judge(this.#byBadge.get(badge), wallMs, leastDigits) };
  }

  /** Whose temporary code or downtime card this is; a code that nobody has counts as a temporary one. */
  findCode(digits: string, wallMs: number, leastDigits?: LeastDigits): CodeLookup {
    const badge = this.#hash(`code:${digits}`);
    const known = this.#byCode.get(badge);
    if (known === undefined) return { badge, kind: 'code', standing: 'unknown', who: null };
    const { kind, validUntil } = known.code;
    const judged = this.judge(known.person, wallMs, leastDigits);
    const isOver = judged.standing === 'ok' && wallMs >= Date.parse(validUntil);
    return { badge, kind, ...judged, standing: isOver ? 'expired' : judged.standing };
  }

  /** Whether this person may come in now; nobody is unknown. */
  judge(person: SeatPerson | undefined, wallMs: number, leastDigits: LeastDigits = () => 0): Judged {
    if (person === undefined) return { standing: 'unknown', who: null };
    const standing = standingOf(person, wallMs);
    const isShort = standing === 'ok' && person.pin !== null && person.pin.digits < leastDigits(person.role);
    return { standing: isShort ? 'shortPin' : standing, who: whoOf(person) };
  }

  /** Whose badge this is, in order or not; null for a stranger's. */
  holderOf(hash: string): string | null {
    return this.#byBadge.get(hash)?.id ?? null;
  }

  hasBadge(hash: string): boolean {
    return this.#byBadge.has(hash);
  }

  /** Keyed hashes of every downtime card that is known now. */
  get cards(): readonly string[] {
    return [...this.#byCode].filter(([, { code }]) => code.kind === 'card').map(([hash]) => hash);
  }

  /** HMAC-SHA-256 of a normalised number: upper case, no hyphens. Without a directory a hash of no use to anybody. */
  #hash(normalised: string): string {
    const key = createSecretKey(Buffer.from(this.#now?.badgeKey ?? '', 'base64'));
    return createHmac('sha256', key).update(normalised).digest('hex');
  }

  #index(): void {
    this.revision += 1;
    const persons = this.#now?.persons ?? [];
    this.#byBadge = new Map(persons.flatMap((person) => person.badges.map((badge) => [badge, person] as const)));
    this.#byCode = new Map(persons.flatMap((person) => (person.codes ?? []).map((code) => [code.hash, { person, code }] as const)));
  }
}

export function standingOf(person: SeatPerson, wallMs: number): Standing {
  if (person.revoked) return 'revoked';
  if (person.validFrom !== null && wallMs < Date.parse(person.validFrom)) return 'notYet';
  if (person.validUntil !== null && wallMs >= Date.parse(person.validUntil)) return 'expired';
  return 'ok';
}

function whoOf(person: SeatPerson): Who {
  const { id, displayName, givenName, initials, role, pin } = person;
  return { id, displayName, givenName, initials, role, pinId: pin === null ? null : createHash('sha256').update(pin.tag).digest('hex') };
}
