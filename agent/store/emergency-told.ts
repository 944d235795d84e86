/**
 * What the main log was told of the emergency log, kept in its database without a seal: a run that is gone from the file, or shorter than
 * it was, has a name then. Owns that note and what it says of a file.
 */
import { fromUtf8, utf8 } from '../../core/audit/bytes.ts';
import type { Fault } from '../../core/audit/faults.ts';
import { type EmergencyContent, entriesOf } from './emergency-file.ts';

/** Key of the note in the database, and in a snapshot of it. */
export const EMERGENCY_TOLD = 'emergency_told';
const LINE = /^([0-9a-f]{16}) (\d{1,9})$/;

/** How many entries of each run the main log knows of; runs that were receipted and removed are not among them. */
export type Told = ReadonlyMap<string, number>;

export function encodeTold(told: Told): Uint8Array {
  return utf8([...told].map(([incarnation, entries]) => `${incarnation} ${entries}`).join('\n'));
}

/** `undefined` where the note is not one that a store writes. */
export function readTold(stored: Uint8Array | undefined): Told | undefined {
  const text = stored === undefined ? '' : fromUtf8(stored);
  if (text === undefined) return undefined;
  const lines = text === '' ? [] : text.split('\n').map((line) => LINE.exec(line));
  const told = new Map<string, number>();
  for (const line of lines) {
    const [, incarnation, entries] = line ?? [];
    if (incarnation === undefined || entries === undefined) return undefined;
    told.set(incarnation, Number(entries));
  }
  return told;
}

/** How many entries of a run are there. */
export function countIn({ runs }: EmergencyContent, incarnation: string): number {
  const places = runs.filter((run) => run.incarnation === incarnation).flatMap((run) => entriesOf(run).map(({ seq }) => seq));
  return new Set(places).size;
}

/** What is wrong with the emergency log by itself, and held against what was told of it. */
export function emergencyFaults(told: Told | undefined, content: EmergencyContent): readonly Fault[] {
  const damaged = [
    ...content.damage.map(({ from, end }) => `Bytes ${from} to ${end - 1} of the file are no record.`),
    ...content.runs
      .filter(({ behind }) => behind.length > 0)
      .map(({ incarnation, entries }) => `Its log ${incarnation} has a gap after ${entries.length} entries.`),
  ].map((detail): Fault => ({ code: 'EMERGENCY_DAMAGED', detail }));
  if (told === undefined)
    return [...damaged, { code: 'EMERGENCY_MISSING', detail: 'What the record was told of the emergency log cannot be read.' }];
  const short = [...told].flatMap(([incarnation, entries]): readonly Fault[] => {
    const found = countIn(content, incarnation);
    const detail = `The record was told of ${entries} entries of its log ${incarnation}; ${found} are there.`;
    return found < entries ? [{ code: 'EMERGENCY_MISSING', detail }] : [];
  });
  return [...damaged, ...short];
}
