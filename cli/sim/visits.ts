/**
 * Who stands at a simulated seat: people of its ward come in with badge and PIN, one after the other, and a seat that hears that its
 * person came in elsewhere says so. It knows no key and no server; its times are the server's own, which nobody compresses.
 */
import type { Directory } from '../../contract/directory.ts';
import type { PeopleFacts, SeatNews } from '../../contract/people.ts';
import { nodeCrypto } from '../../crypto/index.ts';

const SESSION_BYTES = 16;

interface RightPin {
  readonly person: string;
  /** Its salt. */
  readonly pin: string;
  readonly atMs: number;
}

interface Present {
  readonly person: string;
  readonly session: string;
  readonly atMs: number;
  readonly moved: boolean;
}

export interface VisitsPorts {
  readonly random: () => number;
  /** Milliseconds of real time. */
  readonly now: () => number;
}

export class SimVisits {
  readonly #ports: VisitsPorts;
  #pins: readonly Omit<RightPin, 'atMs'>[] = [];
  #present: Present | null = null;
  #right: ReadonlyMap<string, RightPin> = new Map();

  constructor(ports: VisitsPorts = { random: Math.random, now: () => performance.now() }) {
    this.#ports = ports;
  }

  /** From now on these may come in: whoever has a PIN and was not revoked. */
  know(persons: Directory['persons']): void {
    this.#pins = persons.flatMap(({ id, pin, revoked }) => (pin === null || revoked ? [] : [{ person: id, pin: pin.salt }]));
  }

  /** One of them comes in, in the place of whoever was there; false where nobody can. */
  signIn(): boolean {
    const { random, now } = this.#ports;
    const who = this.#pins[Math.floor(random() * this.#pins.length)];
    if (who === undefined) return false;
    const atMs = now();
    const session = Buffer.from(nodeCrypto.random(SESSION_BYTES)).toString('hex');
    this.#present = { person: who.person, session, atMs, moved: false };
    this.#right = new Map(this.#right).set(who.person, { ...who, atMs });
    return true;
  }

  /** What the server answered of the session that is here. */
  heard({ elsewhere }: Pick<PeopleFacts, 'elsewhere'>): void {
    const present = this.#present;
    if (present !== null && elsewhere?.session === present.session) this.#present = { ...present, moved: true };
  }

  /** Another text whenever there is something new to tell. */
  get mark(): string {
    return JSON.stringify([[...this.#right.values()], this.#present]);
  }

  /** As a seat tells it now. */
  told(): Pick<SeatNews, 'right' | 'present'> {
    const now = this.#ports.now();
    const agoOf = (atMs: number): number => Math.round(now - atMs);
    const right = [...this.#right.values()].map(({ person, pin, atMs }) => ({ person, pin, agoMs: agoOf(atMs) }));
    if (this.#present === null) return { right, present: null };
    const { atMs, ...present } = this.#present;
    return { right, present: { ...present, agoMs: agoOf(atMs) } };
  }
}
