import { expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { memoryLog } from '../../test/audit/memory-log.ts';
import { LogDraft } from './draft.ts';
import { pad } from './entry.ts';
import { treeHasher } from './hasher.ts';

test('a draft without an open epoch neither seals nor signs', () => {
  const { state } = memoryLog({ epochs: [1] });
  const empty = new LogDraft(nodeCrypto, treeHasher(nodeCrypto), { ...state, epoch: undefined });
  const time = { boot: 1, wallMicros: 1, bootMicros: 1 };
  const codes = [() => empty.append(pad(new Uint8Array(1)), time, new Uint8Array(16)), () => empty.head()];
  for (const attempt of codes) expect(attempt).toThrow(expect.objectContaining({ code: 'AUDIT_KEYS_UNAVAILABLE' }));
});
