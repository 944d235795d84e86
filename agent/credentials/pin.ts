/**
 * The PIN check of a seat: Argon2id of what was typed, then HMAC under the seat key, compared in constant time. It keeps no
 * PIN and no Argon2 output; a person without a PIN costs the same as a wrong one.
 */
import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { hashRaw } from '@node-rs/argon2';
import type { PinVerifier } from '../../contract/directory.ts';

/** What the seat keeps of a verifier: the parameters, and the tag in the place of the output. */
export interface SeatPin {
  readonly salt: string;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  readonly tag: string;
  readonly digits: number;
}

const OUTPUT_BYTES = 32;
/** The numeric value of Argon2id in @node-rs/argon2, whose enum can't be imported under isolatedModules. */
const ARGON2ID = 2;
/** RFC 9106 with the least parameters that a verifier may have: what a check against nothing costs. */
const DUMMY = { salt: randomBytes(16).toString('base64'), memoryKiB: 19_456, passes: 2, lanes: 1 } as const;

export class PinCheck {
  readonly #seatKey: KeyObject;

  /** @param seatKey 32 bytes that exist on this seat only */
  constructor(seatKey: Uint8Array) {
    this.#seatKey = createSecretKey(seatKey);
  }

  /** Turns a verifier as it came into what the seat keeps; the output itself is forgotten by the caller. */
  keep(verifier: PinVerifier): SeatPin {
    const { salt, memoryKiB, passes, lanes, digits } = verifier;
    return { salt, memoryKiB, passes, lanes, digits, tag: this.#tag(Buffer.from(verifier.output, 'base64')).toString('base64') };
  }

  /** Whether this is the person's PIN. Null is a person without one: the same work, and never right. */
  async isRight(pin: SeatPin | null, typed: string): Promise<boolean> {
    const cost = pin ?? DUMMY;
    const output = await hashRaw(typed, {
      algorithm: ARGON2ID,
      memoryCost: cost.memoryKiB,
      timeCost: cost.passes,
      parallelism: cost.lanes,
      outputLen: OUTPUT_BYTES,
      salt: Buffer.from(cost.salt, 'base64'),
    });
    const expected = pin === null ? randomBytes(OUTPUT_BYTES) : Buffer.from(pin.tag, 'base64');
    const found = this.#tag(output);
    return expected.byteLength === found.byteLength && timingSafeEqual(expected, found) && pin !== null;
  }

  #tag(output: Uint8Array): Buffer {
    return createHmac('sha256', this.#seatKey).update(output).digest();
  }
}
