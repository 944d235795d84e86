/** The PIN while it is typed. Pure; it lives in the page only as long as the prompt does. */

export interface PinEntry {
  readonly digits: string;
}

export const NO_PIN: PinEntry = { digits: '' };

export type PinKey = { readonly kind: 'digit'; readonly digit: string } | { readonly kind: 'delete' } | { readonly kind: 'clear' };

export function pinKey(entry: PinEntry, key: PinKey, maxDigits: number): PinEntry {
  switch (key.kind) {
    case 'digit':
      return /^[0-9]$/.test(key.digit) && entry.digits.length < maxDigits ? { digits: entry.digits + key.digit } : entry;
    case 'delete':
      return { digits: entry.digits.slice(0, -1) };
    case 'clear':
      return NO_PIN;
  }
}

/** What a key of the keyboard means on the pad, `noDigit` for a character that no PIN holds; undefined when it means nothing there. */
export function padKey(key: string): PinKey | 'ok' | 'cancel' | 'noDigit' | undefined {
  if (/^[0-9]$/.test(key)) return { kind: 'digit', digit: key };
  if (key === 'Backspace') return { kind: 'delete' };
  if (key === 'Delete') return { kind: 'clear' };
  if (key === 'Enter') return 'ok';
  if (key === 'Escape') return 'cancel';
  if (key !== ' ' && [...key].length === 1) return 'noDigit';
  return undefined;
}
