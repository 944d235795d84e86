/** The short way to a signed head gives the text of the long one, and its base64 is the other's. */
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { putBase64, toBase64, utf8 } from './bytes.ts';
import { epochKeyName, formatCheckpoint, logOrigin } from './checkpoint.ts';
import { headWriter } from './head-note.ts';
import { formatNote, signNote } from './note.ts';

test('a head is the note that checkpoint and note give, whatever its size, again and again', () => {
  const log = { workstation: nodeCrypto.random(16), incarnation: nodeCrypto.random(8) };
  const named = { name: epochKeyName(log, 12), signer: nodeCrypto.signer(nodeCrypto.random(32)) };
  const origin = logOrigin(log);
  const head = headWriter(nodeCrypto, origin, named);
  for (const size of [Number.MAX_SAFE_INTEGER, 0, 9, 10, 1_234_567, 1]) {
    const root = nodeCrypto.random(32);
    expect(head(size, root)).toBe(formatNote(signNote(nodeCrypto, formatCheckpoint({ origin, size, root }), [named])));
  }
});

test('base64 as bytes is base64 as text, wherever it is put', () => {
  for (let length = 0; length < 70; length += 1) {
    const bytes = nodeCrypto.random(length);
    const text = toBase64(bytes);
    const into = new Uint8Array(text.length + 9).fill(7);
    expect(putBase64(bytes, into, 5)).toBe(5 + text.length);
    const around = Uint8Array.of(7, 7, 7, 7);
    expect(into).toEqual(Uint8Array.of(7, ...around, ...utf8(text), ...around));
  }
});
