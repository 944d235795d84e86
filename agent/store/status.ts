/** How long the store lasts without its server. Owns that estimate and the busy day it assumes. */

/** A busy seat: 5,000 events a day of one page's nineteenth each, with its share of tree and checkpoints. */
const BYTES_PER_BUSY_DAY = 5000 * 440;

/** Whole days of a busy seat that still fit. */
export function daysLeft(usedBytes: number, capacityBytes: number): number {
  return Math.max(0, Math.floor((capacityBytes - usedBytes) / BYTES_PER_BUSY_DAY));
}
