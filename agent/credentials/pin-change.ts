/**
 * A person changes the PIN at the seat: the old one is checked and counts as a guess, the new one is judged, the change is
 * recorded, then in force here at once and on its way to the server. Nothing of either PIN is kept or told.
 */
import type { Params, Result } from '../../contract/boundary.ts';
import type { PinVerifier } from '../../contract/directory.ts';
import type { UiBoundary } from '../../contract/ui.ts';
import { pinWeakness } from '../../core/credentials/pin-rules.ts';
import { pinVerifier } from '../../crypto/pin-verifier.ts';
import type { Outbox } from './outbox.ts';
import type { PinProof, PinProofPorts } from './pin-proof.ts';

type Wish = Params<UiBoundary, 'changePin'>;
export type PinChangeOutcome = Result<UiBoundary, 'changePin'>;

export interface PinChangePorts extends Pick<PinProofPorts, 'directory' | 'pins' | 'people' | 'recorder' | 'limits'> {
  readonly outbox: Outbox;
  readonly proof: PinProof;
  /** Whose session is open on the screen now; null for nobody and for a break-glass. */
  readonly present: () => string | null;
}

const refused = (outcome: Exclude<PinChangeOutcome['outcome'], 'changed'>): PinChangeOutcome => ({ outcome, triesLeft: 0, waitMs: 0 });

export class PinChange {
  readonly #ports: PinChangePorts;

  constructor(ports: PinChangePorts) {
    this.#ports = ports;
  }

  async change({ old, next }: Wish): Promise<PinChangeOutcome> {
    const { directory, limits: rules, outbox, present, proof } = this.#ports;
    const person = present();
    const limits = person === null ? null : rules(person);
    const pin = person === null ? null : directory.pinOf(person);
    if (person === null || pin === null || limits === null || directory.current?.newsKey === undefined) return refused('notNow');
    if (outbox.isFull) return refused('full');
    const weak = pinWeakness(next, limits.minDigits);
    if (weak !== null) return refused(weak);
    const { outcome, ...left } = await proof.prove(person, old);
    if (outcome !== 'right') return { outcome, ...left };
    if (await this.#hadBefore(person, next)) return refused('used');
    const verifier = await pinVerifier(next);
    // Whoever left, or whose PIN was set anew meanwhile, changes nothing.
    if (present() !== person || directory.pinOf(person)?.salt !== pin.salt) return refused('notNow');
    await this.#apply(person, pin.salt, verifier);
    return { outcome: 'changed', ...left };
  }

  async #hadBefore(person: string, next: string): Promise<boolean> {
    const { directory, pins } = this.#ports;
    for (const former of [directory.pinOf(person), ...(directory.person(person)?.formerPins ?? [])]) {
      if (former !== null && (await pins.isRight(former, next))) return true;
    }
    return false;
  }

  /** Recorded first, then kept for the server, then in force: a crash between leaves the old PIN or one that the server hears of. */
  async #apply(person: string, former: string, verifier: PinVerifier): Promise<void> {
    const { directory, outbox, people, recorder, pins } = this.#ports;
    const sealed = people.sealVerifier(person, verifier);
    if (sealed === null) return;
    await recorder.append({ type: 'pin.changed', body: { person, where: 'seat' } });
    outbox.add({ kind: 'pin', person, former, verifier: sealed });
    directory.changePin(person, pins.keep(verifier));
    people.tried(person, true);
  }
}
