/**
 * The PIN check of a seat: Argon2id of what was typed, then HMAC under the seat key, compared in constant time. It keeps no
 * PIN and no Argon2 output; a person without a PIN costs the same as a wrong one.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FormerPin, PinVerifier } from '../../contract/directory.ts';
import { PIN_COST, type PinCost, pinOutput } from '../../crypto/pin-verifier.ts';

/** What the seat keeps of a former PIN: the parameters, and the tag in the place of the output. */
export interface SeatFormerPin extends PinCost {
  readonly tag: string;
}

/** What the seat keeps of a PIN. */
export interface SeatPin extends SeatFormerPin {
  readonly digits: number;
}

/** What a check against nothing costs. */
const DUMMY: PinCost = { salt: randomBytes(16).toString('base64'), ...PIN_COST };
const TAG_BYTES = 32;

export class PinCheck {
  readonly #seatKey: KeyObject;

  /** @param seatKey 32 bytes that exist on this seat only */
  constructor(seatKey: Uint8Array) {
    this.#seatKey = createSecretKey(seatKey);
  }

  /** Turns a verifier as it came into what the seat keeps; the output itself is forgotten by the caller. */
  keep(verifier: PinVerifier): SeatPin {
    return { ...this.keepFormer(verifier), digits: verifier.digits };
  }

  keepFormer({ salt, memoryKiB, passes, lanes, output }: FormerPin): SeatFormerPin {
    return { salt, memoryKiB, passes, lanes, tag: this.#tag(Buffer.from(output, 'base64')).toString('base64') };
  }

  /** Whether this is the person's PIN, or was. Null is a person without one: the same work, and never right. */
  async isRight(pin: SeatFormerPin | null, typed: string): Promise<boolean> {
    const output = await pinOutput(typed, pin ?? DUMMY);
    const expected = pin === null ? randomBytes(TAG_BYTES) : Buffer.from(pin.tag, 'base64');
    const found = this.#tag(output);
    return expected.byteLength === found.byteLength && timingSafeEqual(expected, found) && pin !== null;
  }

  #tag(output: Uint8Array): Buffer {
    return createHmac('sha256', this.#seatKey).update(output).digest();
  }
}
