/**
 * What the second thread of `verifyStored` is told and answers. Told as the arguments of a program and read by hand: schemas would
 * cost each thread more memory than all that it verifies.
 */
import type { VerifySummary } from '../../core/audit/verify/source.ts';
import type { BesideLog } from './source.ts';

export interface HalfJob {
  readonly file: string;
  readonly copied: boolean;
  /** Size of the kept checkpoint that the half begins at. */
  readonly cut: number;
  readonly beside: BesideLog;
  readonly logKey: string | undefined;
  readonly receiptKeys: readonly string[];
}

/** No note and no key is empty, so an empty word says that there is none. */
export function halfArguments({ file, copied, cut, beside, logKey, receiptKeys }: HalfJob): string[] {
  const notes = [beside.anchor?.head ?? '', beside.anchor?.receipt ?? '', beside.witnessed ?? ''];
  return [file, copied ? 'copied' : '', String(cut), ...notes, logKey ?? '', ...receiptKeys];
}

export function readHalfArguments(words: readonly string[]): HalfJob {
  const [file = '', copied = '', cut = '', head = '', receipt = '', witnessed = '', logKey = '', ...receiptKeys] = words;
  const anchor = head === '' ? undefined : { head, receipt: receipt === '' ? null : receipt };
  const beside = { anchor, witnessed: witnessed === '' ? undefined : witnessed };
  return { file, copied: copied !== '', cut: Number(cut), beside, logKey: logKey === '' ? undefined : logKey, receiptKeys };
}

/** What is known of a log without its frontier. */
export type HalfSummary = Omit<VerifySummary, 'hashes'>;

/** Numbers under the names of a summary; `undefined` for anything else. */
export function readHalfAnswer(message: unknown): HalfSummary | undefined {
  const values = new Map<string, unknown>(typeof message === 'object' && message !== null ? Object.entries(message) : []);
  const number = (name: keyof HalfSummary): number | undefined => {
    const value = values.get(name);
    return typeof value === 'number' ? value : undefined;
  };
  const [from, size, entries, epochs] = [number('from'), number('size'), number('entries'), number('epochs')];
  const [verified, receipted, witnessed, faults] = [number('verified'), number('receipted'), number('witnessed'), number('faults')];
  if (from === undefined || size === undefined || entries === undefined || epochs === undefined) return undefined;
  if (verified === undefined || receipted === undefined || witnessed === undefined || faults === undefined) return undefined;
  const [firstWallMicros, lastWallMicros] = [number('firstWallMicros'), number('lastWallMicros')];
  return { from, size, entries, epochs, verified, receipted, witnessed, faults, firstWallMicros, lastWallMicros };
}
