/**
 * The staff of a scope as JSON, made once for each of its versions however many seats ask. What it keeps is under the mark of a
 * version, and only where that was the version before and after it was read: it is never torn and never of another time.
 */
import type { Marks } from './scopes.ts';
import type { WardOrEvery } from './ward-staff.ts';

/** Characters that are kept; what was asked for longest ago goes first. Some ten thousand people. */
const MOST_KEPT = 32 * 1024 * 1024;

export interface StaffSource {
  /** The versions that are in force now. */
  marks(wardId: string): Promise<Marks>;
  /** The people, each as JSON, joined by commas. */
  read(ward: WardOrEvery): Promise<string>;
}

export interface StaffCache {
  /** Null where the staff changed while it was read: ask again with the marks of now. */
  staffOf(wardId: string, marks: Marks): Promise<string | null>;
}

export function openStaffCache(source: StaffSource, most = MOST_KEPT): StaffCache {
  const kept = new Map<string, string>();
  const reading = new Map<string, Promise<string | null>>();
  let size = 0;
  const drop = (key: string): void => {
    size -= kept.get(key)?.length ?? 0;
    kept.delete(key);
  };
  const keep = (key: string, text: string): void => {
    drop(key);
    kept.set(key, text);
    size += text.length;
    for (const oldest of kept.keys()) {
      if (size <= most) break;
      drop(oldest);
    }
  };
  const readNow = async (key: string, ward: WardOrEvery, isStill: () => Promise<boolean>): Promise<string | null> => {
    const text = await source.read(ward);
    if (!(await isStill())) return null;
    keep(key, text);
    return text;
  };
  const textOf = async (key: string, ward: WardOrEvery, isStill: () => Promise<boolean>): Promise<string | null> => {
    const known = kept.get(key);
    if (known !== undefined) {
      keep(key, known);
      return known;
    }
    const inHand = reading.get(key) ?? readNow(key, ward, isStill).finally(() => reading.delete(key));
    reading.set(key, inHand);
    return inHand;
  };
  return {
    staffOf: async (wardId, marks) => {
      const everybody = await textOf(`*/${marks.everybody}`, null, async () => (await source.marks(wardId)).everybody === marks.everybody);
      const ward = await textOf(`${wardId}/${marks.ward}`, wardId, async () => (await source.marks(wardId)).ward === marks.ward);
      if (everybody === null || ward === null) return null;
      return [everybody, ward].filter((text) => text !== '').join(',');
    },
  };
}
