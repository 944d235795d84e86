/**
 * The attack on a signed log by someone who holds the seat's disk and its present keys: history is rewritten whole and
 * sealed again. Test helper only.
 */
import { join } from 'node:path';
import { epochKeyFile } from '../../agent/keys/epoch-key-file.ts';
import { openVault } from '../../agent/keys/index.ts';
import { storePaths } from '../../agent/store/incarnation.ts';
import { formatCheckpoint, logOrigin } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import { parseHeader } from '../../core/audit/entry.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { formatNote, signNote } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { entryOf, putEntry, tamper } from './check.ts';
import type { StoreKit } from './store-kit.ts';

/**
 * Changes entry `altered` of a stopped store of three epochs and `size` entries; mends links, tree and every checkpoint
 * after it with the key of the present epoch.
 */
export async function resealHistory(seat: StoreKit, altered: number, size: number): Promise<void> {
  const vault = await openVault({
    dir: join(seat.dir, 'keys'),
    service: 'wardlock-test',
    crypto: nodeCrypto,
    keychain: false,
    credentialsDirectory: undefined,
  });
  const paths = storePaths(seat.storeDir);
  const hasher = treeHasher(nodeCrypto);
  let log = { workstation: seat.workstation, incarnation: new Uint8Array(8) };
  tamper(seat, (db) => {
    log = { ...log, incarnation: Uint8Array.from(parseHeader(entryOf(db, 0)).incarnation) };
  });
  const [present] = await epochKeyFile(paths.keys, vault, nodeCrypto).load(log.incarnation);
  if (present === undefined) throw new RangeError('no key to attack with');
  const signer = nodeCrypto.signer(present.seed);
  tamper(seat, (db) => {
    const range = CompactRange.empty(hasher);
    let link: Uint8Array = new Uint8Array(8);
    for (let seq = 0; seq < size; seq += 1) {
      const bytes = entryOf(db, seq);
      if (seq === altered) bytes[150] = Number(bytes[150]) ^ 1;
      bytes.set(link, 64);
      putEntry(db, seq, bytes);
      const leaf = hasher.leaf(bytes);
      range.append(leaf, (node) => db.prepare('INSERT OR REPLACE INTO node VALUES (?, ?, ?)').run(node.level, node.index, node.hash));
      link = leaf.subarray(0, 8);
      const text = formatCheckpoint({ origin: logOrigin(log), size: seq + 1, root: range.root() });
      const sign = (name: string) =>
        formatNote(
          signNote(nodeCrypto, text, [
            { name: seat.logKey.name, signer: nodeCrypto.signer(seat.logSeed) },
            { name, signer },
          ]),
        );
      db.prepare('UPDATE kept SET note = ? WHERE size = ? AND size > 1').run(sign(`${logOrigin(log)}/epoch/0`), seq + 1);
      db.prepare('UPDATE head SET note = ?, link = ?').run(sign(`${logOrigin(log)}/epoch/2`), link);
    }
  });
}
