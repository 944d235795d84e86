/**
 * One `add-checkpoint` request of C2SP tlog-witness, always of one size: an onlooker learns nothing from it. It judges no
 * answer but what a 409 says of the size that is pinned.
 */
import { seatPaths } from '../../contract/seat-api.ts';
import { parseDecimal } from '../../core/audit/bytes.ts';
import { formatAddCheckpoint } from '../../core/audit/index.ts';
import type { SeatAnswer, SeatClient } from './seat-client.ts';

/** Request line, headers and body together are padded to this by a header outside the note. */
const REQUEST_BYTES = 6144;
const PADDING_HEADER = 'x-wardlock-padding';

/** The digits of Content-Length count too: a body of 999 bytes and one of 1,000 make one size. */
function paddingFor(bodyBytes: number): string {
  return '0'.repeat(Math.max(0, REQUEST_BYTES - bodyBytes - String(bodyBytes).length));
}

interface Shown {
  readonly oldSize: number;
  readonly hashes: readonly Uint8Array[];
  readonly note: string;
}

export function addCheckpoint(server: SeatClient, { oldSize, hashes, note }: Shown, signal: AbortSignal): Promise<SeatAnswer> {
  const body = Buffer.from(formatAddCheckpoint({ oldSize, hashes, checkpoint: note }));
  return server.call({
    method: 'POST',
    path: seatPaths.addCheckpoint,
    headers: { 'content-type': 'text/plain; charset=utf-8', [PADDING_HEADER]: paddingFor(body.length) },
    body,
    signal,
  });
}

/** The size that the witness has pinned, where it refused for that; `undefined` for any other answer. */
export function pinnedElsewhere({ status, body }: SeatAnswer): number | undefined {
  return status === 409 ? parseDecimal(body.toString('utf8').trim()) : undefined;
}
