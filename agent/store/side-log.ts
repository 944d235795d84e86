/**
 * A log beside the main one that the server should hold too: a run of the emergency log, or a log that was replaced. Owns
 * the shape in which both are offered to the syncer and receipts for them are judged.
 */
import type { Batch, ReadLimits } from './reader.ts';
import type { ReceiptedLog } from './receipts.ts';
import type { LogPosition } from './types.ts';

export interface SideLog {
  readonly position: LogPosition;
  readonly receipted: ReceiptedLog;
  batch(start: number, limits: ReadLimits): Batch;
  consistency(from: number, to: number): readonly Uint8Array[];
}
