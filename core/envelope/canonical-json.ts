/**
 * Canonical JSON after RFC 8785, narrowed to what signed documents here hold: no fractions and no numbers beyond the
 * safe integers, so that every implementation writes the same bytes. Anything else throws.
 */
export type CanonicalValue = null | boolean | number | string | readonly CanonicalValue[] | { readonly [key: string]: CanonicalValue };

/** Keys sorted by UTF-16 code units, no white space, strings as JSON.stringify writes them (RFC 8785, 3.2). */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('canonical JSON here holds safe integers only');
    return String(value === 0 ? 0 : value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('canonical JSON holds well-formed text only');
    return JSON.stringify(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let members = '';
  // The default order of sort() is that of UTF-16 code units.
  for (const key of Object.keys(value).sort()) {
    const inner = value[key];
    if (inner === undefined) throw new TypeError('canonical JSON holds no undefined');
    members += `${members === '' ? '' : ','}${canonicalJson(key)}:${canonicalJson(inner)}`;
  }
  return `{${members}}`;
}

function isList(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}
