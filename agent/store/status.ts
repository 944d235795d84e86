/** How the store stands: what it can take, and how long it lasts without its server. Owns the busy day that it assumes. */
import type { RecordingState } from './types.ts';

/** From this fill on noise is summarised, and a seat says that its room is low. */
const LOW_FILL = 0.8;

/** A busy seat: 5,000 events a day of one page's nineteenth each, with its share of tree and checkpoints. */
const BYTES_PER_BUSY_DAY = 5000 * 440;

/** Whole days of a busy seat that still fit. */
export function daysLeft(usedBytes: number, capacityBytes: number): number {
  return Math.max(0, Math.floor((capacityBytes - usedBytes) / BYTES_PER_BUSY_DAY));
}

/** @param fill 0 to 1 and above; `undefined` while no log is open. @param diskFull the disk had no room for the last commit, or to open the log */
export function recordingState(fill: number | undefined, diskFull: boolean): RecordingState {
  if (diskFull) return 'full';
  if (fill === undefined) return 'broken';
  if (fill >= 1) return 'full';
  return fill >= LOW_FILL ? 'low' : 'ok';
}
