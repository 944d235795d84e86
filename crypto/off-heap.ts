/**
 * Memory for a secret. V8 keeps a typed array of up to 64 bytes in its own heap, moves it about as it collects, and wipes none of the
 * places where it was; what has a buffer of its own stays where it is, so that wiping it once is enough.
 */
export function offHeap(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length));
}
