/** The time that a reader of the record asks for: one that ends before it begins fits nothing, and that would read as if nothing had been. */
import { WardlockError } from '../../core/errors/index.ts';

/** @throws WardlockError SERVER_REQUEST_MALFORMED */
export function refuseBackwards({ from, to }: { readonly from?: string; readonly to?: string }): void {
  if (from === undefined || to === undefined || Date.parse(from) <= Date.parse(to)) return;
  throw new WardlockError('SERVER_REQUEST_MALFORMED', 'The time that is asked for ends before it begins.');
}
