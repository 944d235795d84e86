/**
 * The second thread of `verifyStored`: verifies the upper half of a stored log with a connection of its own and answers with
 * a summary. Owns that connection; whatever goes wrong here ends the thread, and the caller verifies alone.
 */
import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import { parseVerifierKey } from '../../core/audit/note.ts';
import type { VerifySummary } from '../../core/audit/verify/source.ts';
import { verifyLog } from '../../core/audit/verify/verify-log.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { openEvidence } from './evidence-database.ts';
import { type HalfJob, readHalfArguments } from './half-job.ts';
import { storeSource } from './source.ts';
import { startAt } from './start.ts';
import { storeTables } from './tables.ts';

function verifyHalf({ file, copied, cut, beside, logKey, receiptKeys }: HalfJob): VerifySummary {
  const db = openEvidence(file, copied);
  try {
    const tables = storeTables(db);
    const row = tables.keptBefore(cut + 1);
    const start = row === undefined ? undefined : startAt(tables, nodeCrypto, row);
    if (start?.size !== cut) throw new RangeError('There is no sound checkpoint at the cut.');
    const end = verifyLog(nodeCrypto, storeSource(tables, beside, start), {
      logKey: logKey === undefined ? undefined : parseVerifierKey(nodeCrypto, logKey),
      receiptKeys: receiptKeys.map((key) => parseVerifierKey(nodeCrypto, key)),
    }).next();
    if (end.done !== true) throw new RangeError('The half has a fault.');
    return end.value;
  } finally {
    db.close();
  }
}

const { hashes: _hashes, ...summary } = verifyHalf(readHalfArguments(process.argv.slice(2)));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port between threads has no origin
parentPort?.postMessage(summary);
