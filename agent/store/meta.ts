/**
 * The rows of the table `meta` that a seat goes on from. Owns what a sound one is: whoever has the disk can write any, and what no seat
 * writes must end this log by name, not keep the seat from opening one.
 */
import { fromUtf8, parseDecimal } from '../../core/audit/bytes.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { readPruned } from './source.ts';
import type { Tables } from './tables.ts';

/** An entry's header holds it in 32 bits, and it grows by one at a time. */
const MOST_BOOTS = 2 ** 31;

/** Throws AUDIT_STORE_FOREIGN where a row is not one that a seat writes. What the alarms say is theirs to judge. */
export function checkMeta(tables: Tables): void {
  if (tables.otherMeta() > 0)
    throw new WardlockError('AUDIT_STORE_FOREIGN', 'The audit store holds small facts of a kind that Wardlock never writes.');
  readBoots(tables);
  readPruned(tables);
}

/** How often the machine was booted since this log began. Throws AUDIT_STORE_FOREIGN. */
export function readBoots(tables: Tables): number {
  const stored = tables.meta('boot');
  const boots = stored === undefined ? 0 : parseDecimal(fromUtf8(stored) ?? '');
  if (boots === undefined || boots > MOST_BOOTS)
    throw new WardlockError('AUDIT_STORE_FOREIGN', 'The audit store does not say how often the machine was booted.');
  return boots;
}
