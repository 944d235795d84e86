/**
 * Canonical JSON after RFC 8785, narrowed to what signed documents here hold: no fractions and no numbers beyond the
 * safe integers, so that every implementation writes the same bytes. Anything else throws.
 */
export type CanonicalValue = null | boolean | number | string | readonly CanonicalValue[] | { readonly [key: string]: CanonicalValue };

/** Keys sorted by UTF-16 code units, no white space, strings as JSON.stringify writes them (RFC 8785, 3.2). */
export function canonicalJson(value: CanonicalValue): string {
  const arranged = arrange(value);
  return arranged === undefined ? memberByMember(value) : JSON.stringify(arranged);
}

/** Keys that JavaScript puts in an order of its own, or takes for something else than a key. */
const UNORDERED_KEY = /^(?:\d+|__proto__)$/;

/**
 * The value with its keys in order, so that JSON.stringify writes them so, in a quarter of the time: itself where they are, else a copy.
 * Checks all of it. `undefined` where JavaScript can't keep that order.
 */
function arrange(value: CanonicalValue): CanonicalValue | undefined {
  if (typeof value === 'number') checkNumber(value);
  else if (typeof value === 'string') checkText(value);
  else if (isList(value)) return arrangeList(value);
  else if (typeof value === 'object' && value !== null) return arrangeMembers(value);
  return value;
}

function arrangeList(list: readonly CanonicalValue[]): readonly CanonicalValue[] | undefined {
  const arranged: CanonicalValue[] = [];
  for (const value of list) {
    const item = arrange(value);
    if (item === undefined) return undefined;
    arranged.push(item);
  }
  return arranged;
}

function arrangeMembers(members: { readonly [key: string]: CanonicalValue }): CanonicalValue | undefined {
  const arranged: Record<string, CanonicalValue> = {};
  for (const key of inOrder(Object.keys(members))) {
    checkText(key);
    const value = arrange(memberOf(members, key));
    if (value === undefined || UNORDERED_KEY.test(key)) return undefined;
    arranged[key] = value;
  }
  return arranged;
}

function memberByMember(value: CanonicalValue): string {
  if (isList(value)) return `[${value.map(memberByMember).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(arrange(value));
  const members = inOrder(Object.keys(value)).map((key) => `${memberByMember(key)}:${memberByMember(memberOf(value, key))}`);
  return `{${members.join(',')}}`;
}

/** By insertion: keys are few and mostly in order, and sort() leaves the collector more than the text itself. */
function inOrder(keys: string[]): readonly string[] {
  for (let at = 1; at < keys.length; at += 1) {
    const key = String(keys[at]);
    let to = at;
    for (; to > 0 && String(keys[to - 1]) > key; to -= 1) keys[to] = String(keys[to - 1]);
    keys[to] = key;
  }
  return keys;
}

function memberOf(members: { readonly [key: string]: CanonicalValue }, key: string): CanonicalValue {
  const value = members[key];
  if (value === undefined) throw new TypeError('canonical JSON holds no undefined');
  return value;
}

function checkNumber(value: number): void {
  if (!Number.isSafeInteger(value)) throw new TypeError('canonical JSON here holds safe integers only');
}

function checkText(value: string): void {
  if (!value.isWellFormed()) throw new TypeError('canonical JSON holds well-formed text only');
}

function isList(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}
