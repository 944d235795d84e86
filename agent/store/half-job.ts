/**
 * What the second thread of `verifyStored` is told, as the arguments of a program: words, so that neither side needs a schema.
 */
import type { AnchorRecord } from './anchor.ts';

export interface HalfJob {
  readonly file: string;
  readonly copied: boolean;
  /** Size of the kept checkpoint that the half begins at. */
  readonly cut: number;
  readonly anchor: Pick<AnchorRecord, 'head' | 'receipt'> | undefined;
  readonly logKey: string | undefined;
  readonly receiptKeys: readonly string[];
}

/** No note and no key is empty, so an empty word says that there is none. */
export function halfArguments({ file, copied, cut, anchor, logKey, receiptKeys }: HalfJob): string[] {
  return [file, copied ? 'copied' : '', String(cut), anchor?.head ?? '', anchor?.receipt ?? '', logKey ?? '', ...receiptKeys];
}

export function readHalfArguments(words: readonly string[]): HalfJob {
  const [file = '', copied = '', cut = '', head = '', receipt = '', logKey = '', ...receiptKeys] = words;
  const anchor = head === '' ? undefined : { head, receipt: receipt === '' ? null : receipt };
  return { file, copied: copied !== '', cut: Number(cut), anchor, logKey: logKey === '' ? undefined : logKey, receiptKeys };
}
