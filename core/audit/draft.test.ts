import { expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { memoryLog } from '../../test/audit/memory-log.ts';
import { formatCheckpoint, logOrigin } from './checkpoint.ts';
import { LogDraft } from './draft.ts';
import { pad } from './entry.ts';
import { treeHasher } from './hasher.ts';
import { formatNote, signNote } from './note.ts';

test('a draft without an open epoch neither seals nor signs', () => {
  const { state } = memoryLog({ epochs: [1] });
  const empty = new LogDraft(nodeCrypto, treeHasher(nodeCrypto), { ...state, epoch: undefined });
  const time = { boot: 1, wallMicros: 1, bootMicros: 1 };
  const codes = [() => empty.append(pad(new Uint8Array(1)), time, new Uint8Array(16)), () => empty.head()];
  for (const attempt of codes) expect(attempt).toThrow(expect.objectContaining({ code: 'AUDIT_KEYS_UNAVAILABLE' }));
});

test('each head of an epoch is the checkpoint of its own size under the key of the epoch', () => {
  const { state } = memoryLog({ epochs: [1] });
  const draft = new LogDraft(nodeCrypto, treeHasher(nodeCrypto), state);
  const signer = state.epoch?.signer;
  if (signer === undefined) throw new RangeError('no epoch is open');
  for (let at = 0; at < 3; at += 1) {
    draft.append(pad(new Uint8Array(1)), { boot: 1, wallMicros: 1, bootMicros: 1 }, new Uint8Array(16));
    const text = formatCheckpoint({ origin: logOrigin(state.log), size: draft.size, root: draft.state().range.root() });
    expect(draft.head()).toBe(formatNote(signNote(nodeCrypto, text, [signer])));
  }
});
