/** What somebody without a badge types: a code is digits only, everything else is a name. Pure. */

export type Entry = { readonly kind: 'code'; readonly code: string } | { readonly kind: 'name'; readonly name: string } | null;

export interface Offered {
  readonly names: boolean;
  readonly codes: boolean;
}

/** Codes are printed in groups: spaces and hyphens between digits mean nothing. */
const GROUPED = /[\s-]/g;
const CODE = /^[0-9]{8,16}$/;

/** What was typed means; null while it means nothing that this seat takes. */
export function entryOf(typed: string, { names, codes }: Offered): Entry {
  const digits = typed.replace(GROUPED, '');
  if (codes && CODE.test(digits)) return { kind: 'code', code: digits };
  const name = typed.trim();
  return names && name !== '' && !/^[0-9]*$/.test(digits) ? { kind: 'name', name } : null;
}
