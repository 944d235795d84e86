/**
 * Lines that wait until what they say is verified. Owns them as bytes outside the JavaScript heap: as strings they outlive V8's
 * young generation and make it grow by a hundred megabytes.
 */
const FIRST_BYTES = 64 * 1024;

export class HeldLines {
  #bytes = Buffer.alloc(FIRST_BYTES);
  readonly #places: number[] = [];
  readonly #ends: number[] = [];

  get count(): number {
    return this.#places.length;
  }

  /** @param place not below that of any line before */
  add(place: number, line: string): void {
    const begin = this.#ends.at(-1) ?? 0;
    const end = begin + Buffer.byteLength(line);
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * end);
    this.#bytes.write(line, begin);
    this.#places.push(place);
    this.#ends.push(end);
  }

  /** Hands the lines of places below `size` on, in order, and forgets them. */
  release(size: number, write: (bytes: Uint8Array) => void): void {
    const kept = this.#places.findIndex((place) => place >= size);
    const count = kept < 0 ? this.#places.length : kept;
    const end = this.#ends[count - 1];
    if (end === undefined) return;
    write(this.#bytes.subarray(0, end));
    this.#bytes.copyWithin(0, end, this.#ends.at(-1));
    this.#places.splice(0, count);
    this.#ends.splice(0, count);
    for (const [at, value] of this.#ends.entries()) this.#ends[at] = value - end;
  }
}
