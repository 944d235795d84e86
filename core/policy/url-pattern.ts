/**
 * Whether an address is one that a pattern of a web application means. `*` stands for any characters of one part of the path,
 * `**` for any characters; all else stands for itself, upper and lower case apart. Pure, and without a regular expression that
 * a long address could stall.
 */

/** An address in its two halves, as a browser writes them: `https://a.example` and `/chart/7?tab=2`. */
export interface AddressParts {
  readonly origin: string;
  /** Path and query. The fragment never leaves the browser and is no part of it. */
  readonly path: string;
}

const ORIGIN = /^https?:\/\/[^/]+/;

/** The two halves of a pattern; the origin as it was written. */
export function patternParts(pattern: string): AddressParts {
  const origin = ORIGIN.exec(pattern)?.[0] ?? '';
  return { origin, path: pattern.slice(origin.length) };
}

/** Origins are compared whatever their case, paths with it. `*` is any part of one step of the path, `**` any characters. */
export function fitsPattern(pattern: string, address: AddressParts): boolean {
  const { origin, path } = patternParts(pattern);
  return origin !== '' && origin.toLowerCase() === address.origin.toLowerCase() && fits(path, address.path);
}

/** Each place of the pattern that the text read so far could have led to; so the time is pattern times text at most. */
function fits(pattern: string, text: string): boolean {
  const tokens = pattern.match(/\*\*|[\s\S]/gu) ?? [];
  let reached = skipStars(tokens, new Set([0]));
  for (const character of text) {
    const next = new Set<number>();
    for (const at of reached) {
      const token = tokens[at];
      if (token === '**' || (token === '*' && character !== '/')) next.add(at);
      else if (token === character && token !== '*') next.add(at + 1);
    }
    reached = skipStars(tokens, next);
    if (reached.size === 0) return false;
  }
  return reached.has(tokens.length);
}

/** A star may stand for nothing. */
function skipStars(tokens: readonly string[], reached: Set<number>): Set<number> {
  for (const at of reached) if (tokens[at] === '*' || tokens[at] === '**') reached.add(at + 1);
  return reached;
}
