/**
 * Functions of the OpenSSL that Node carries and exports to its addons, called through koffi. Owns how they are found and the memory
 * that they are given; must never be loaded by Electron, which carries another library.
 */
import process from 'node:process';
import koffi from 'koffi';
import { WardlockError } from '../../core/errors/index.ts';

/** How an address is written in a definition: as a number it costs no object a call. */
export const ADDRESS = 'uintptr_t';

/** Addresses and lengths in; 1 for a call that went well, or an address. */
export type Call = (...args: readonly number[]) => unknown;

/** @throws where this runtime exports no such function */
export function bound(definition: string): Call {
  if (process.versions.electron !== undefined) throw new WardlockError('AUDIT_KEYS_UNAVAILABLE', 'Electron exports no OpenSSL.');
  return koffi.load(null).func(definition);
}

/** Memory whose address holds for as long as it is referenced: a buffer of this size lies outside the JavaScript heap and is never moved. */
export function fixedMemory(bytes: number): { readonly memory: Uint8Array; readonly base: number } {
  const memory = new Uint8Array(new ArrayBuffer(bytes));
  return { memory, base: Number(koffi.address(memory)) };
}
