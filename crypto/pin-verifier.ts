/** Makes the verifier of a PIN: Argon2id (RFC 9106) at the one cost that seats and server use. It keeps nothing. */
import { randomBytes } from 'node:crypto';
import { hashRaw } from '@node-rs/argon2';
import type { PinVerifier } from '../contract/directory.ts';

/** OWASP's and RFC 9106's floor for interactive use: 19 MiB, 2 passes, 1 lane. */
export const PIN_COST = { memoryKiB: 19_456, passes: 2, lanes: 1 } as const;
/** The numeric value of Argon2id in @node-rs/argon2, whose enum can't be imported under isolatedModules. */
export const ARGON2ID = 2;
const SALT_BYTES = 16;
const OUTPUT_BYTES = 32;

export interface PinCost {
  readonly salt: string;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** Argon2id of what was typed, 32 bytes. A test holds it against node:crypto's. */
export function pinOutput(pin: string, { salt, memoryKiB, passes, lanes }: PinCost): Promise<Buffer> {
  return hashRaw(pin, {
    algorithm: ARGON2ID,
    memoryCost: memoryKiB,
    timeCost: passes,
    parallelism: lanes,
    outputLen: OUTPUT_BYTES,
    salt: Buffer.from(salt, 'base64'),
  });
}

/** What the server keeps of a PIN: Argon2id at `PIN_COST` under a fresh salt, and how many digits it has. */
export async function pinVerifier(pin: string): Promise<PinVerifier> {
  const cost = { salt: randomBytes(SALT_BYTES).toString('base64'), ...PIN_COST };
  return { ...cost, output: (await pinOutput(pin, cost)).toString('base64'), digits: pin.length };
}
