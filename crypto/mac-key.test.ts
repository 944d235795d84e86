import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { nodeCrypto } from './index.ts';

test('a key whose raw bytes were wiped goes on as HMAC-SHA-256 for messages of any length', () => {
  const raw = nodeCrypto.random(32);
  const same = Uint8Array.from(raw);
  const key = nodeCrypto.macKey(raw);
  raw.fill(0);
  for (const length of [0, 1, 900, 961, 5000, 16_400, 10]) {
    const message = nodeCrypto.random(length);
    const expected = new Uint8Array(createHmac('sha256', same).update(message).digest());
    expect(key.mac(message.subarray(0, length / 2), message.subarray(length / 2))).toEqual(expected);
  }
});
