/**
 * Names the altered entry by the links between entries: each header holds a cut of the leaf hash before it. Owns the
 * reasoning below; it proves nothing, since whoever alters an entry may alter links too. The signed roots prove.
 */
import { LINK_BYTES } from '../entry.ts';

const LINK_AT = 64;

export class LinkChecker {
  /** A cut of the leaf hash before, where there is one to link to. */
  readonly #previous = new Uint8Array(LINK_BYTES);
  #linked = false;
  /** The entry whose link does not fit: it or the one before it was altered. */
  #suspect: number | undefined;

  /**
   * Takes the next entry; answers the seq of an entry that is now known to be altered. An entry is genuine when its
   * successor's link fits it, so a misfit is decided one entry later. Of `leafHash` nothing is kept but a copy.
   */
  step(seq: number, entry: Uint8Array, leafHash: Uint8Array): number | undefined {
    const fits = !this.#linked || linkFits(entry, LINK_AT, this.#previous);
    const altered = this.#decide(fits);
    if (!fits && altered !== seq - 1) this.#suspect = seq;
    for (let i = 0; i < LINK_BYTES; i += 1) this.#previous[i] = Number(leafHash[i]);
    this.#linked = true;
    return altered;
  }

  /** The source has nothing to link to here: an entry is missing or unreadable. */
  interrupt(): number | undefined {
    const suspect = this.#suspect;
    this.#suspect = undefined;
    this.#linked = false;
    return suspect;
  }

  /** The end of the log: `lastLink` is what the writer noted of its last entry, if the source has that. */
  finish(size: number, lastLink: Uint8Array | undefined): number | undefined {
    if (!this.#linked || lastLink === undefined) return this.interrupt();
    const fits = linkFits(lastLink, 0, this.#previous);
    const altered = this.#decide(fits);
    return altered ?? (fits ? undefined : size - 1);
  }

  #decide(fits: boolean): number | undefined {
    const suspect = this.#suspect;
    this.#suspect = undefined;
    if (suspect === undefined) return undefined;
    return fits ? suspect - 1 : suspect;
  }
}

function linkFits(bytes: Uint8Array, at: number, leafHash: Uint8Array): boolean {
  for (let i = 0; i < LINK_BYTES; i += 1) if (bytes[at + i] !== leafHash[i]) return false;
  return true;
}
