/**
 * What a saved file is called, from whatever a page or a server called it: one part of a path that neither hides nor reads like a
 * switch of a program, short enough for every file system, with its extension. Pure; it must never fail.
 */

/** In UTF-8. File systems take 255; this leaves room for a number. */
const MAX_NAME_BYTES = 200;
const NAMELESS = 'download';
const EXTENSION = /\.[A-Za-z0-9]{1,16}$/u;
/** Controls, marks that turn the direction of writing, halves of characters, and what some system or shell takes for more than a letter. */
const NOT_IN_NAMES = /[\p{C}\p{Zl}\p{Zp}<>:"|?*/\\`$]/gu;
const LEADING = /^[\s.\-~]+/u;
const TRAILING = /[\s.]+$/u;

/** @param suggested untrusted text of any length */
export function safeName(suggested: string): string {
  const last = suggested.split(/[/\\]/u).at(-1) ?? '';
  const plain = last.normalize('NFC').replaceAll(/\s+/gu, ' ').replaceAll(NOT_IN_NAMES, '_').replace(LEADING, '').replace(TRAILING, '');
  const extension = EXTENSION.exec(plain)?.[0] ?? '';
  const stem = plain.slice(0, plain.length - extension.length);
  return `${shortened(stem === '' ? NAMELESS : stem, MAX_NAME_BYTES - extension.length)}${extension}`;
}

/** The same name for the next file of it: `report (2).pdf`. */
export function numbered(name: string, number: number): string {
  const extension = EXTENSION.exec(name)?.[0] ?? '';
  return `${name.slice(0, name.length - extension.length)} (${number})${extension}`;
}

/** Whole characters only, and no blank or dot at the end. */
function shortened(stem: string, bytes: number): string {
  let kept = '';
  let left = bytes;
  for (const character of stem) {
    left -= bytesOf(character);
    if (left < 0) break;
    kept += character;
  }
  return kept.replace(TRAILING, '');
}

/** Of one character in UTF-8. */
function bytesOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
