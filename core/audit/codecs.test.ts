/** The codecs of the audit log: what is written reads back, and what was not written by us is refused with a code. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { memoryLog } from '../../test/audit/memory-log.ts';
import { type ErrorCode, isWardlockError } from '../errors/index.ts';
import { equalBytes, fromBase64, fromHex, fromUtf8, parseDecimal, putU64, readU64, toBase64, toHex, utf8 } from './bytes.ts';
import { epochKeyName, formatCheckpoint, logKeyName, logOrigin, parseCheckpoint, parseCheckpointText } from './checkpoint.ts';
import { cosign, cosignatureReply, verifyCosignature, withSignature } from './cosignature.ts';
import { checkContent, entryBody, HEADER_BYTES, MAX_CONTENT_BYTES, pad, paddingRoom, parseHeader, unpad } from './entry.ts';
import { deriveEpochKeys, encodeEpochBody, openEpochSecret, parseEpochBody, sealEpochSecret } from './epoch.ts';
import { checkEd25519PublicKey, checkX25519PublicKey } from './key-check.ts';
import {
  formatNote,
  formatVerifierKey,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  noteVerifier,
  parseNote,
  parseVerifierKey,
  signNote,
  verifyNote,
} from './note.ts';
import { formatAddCheckpoint, formatTlogProof, parseAddCheckpoint, parseTlogProof } from './proofs.ts';
import { openEntry } from './seal.ts';

const codeOf = (attempt: () => unknown): ErrorCode | 'nothing' | 'uncoded' => {
  try {
    attempt();
    return 'nothing';
  } catch (error) {
    return isWardlockError(error) ? error.code : 'uncoded';
  }
};
const bytes = fc.uint8Array({ maxLength: 200 });
const log = memoryLog({ epochs: [3, 2] });
const entry = (seq: number): Uint8Array => log.entries.get(seq) ?? new Uint8Array(0);
const root = nodeCrypto.sha256(new Uint8Array(0));
const text = formatCheckpoint({ origin: 'wardlock/seat/x', size: 5, root });
const signer = nodeCrypto.signer(nodeCrypto.random(32));
const named = { name: 'a/key', signer };
const key = noteVerifier(nodeCrypto, { name: named.name, type: NOTE_ED25519, publicKey: signer.publicKey });
const witness = noteVerifier(nodeCrypto, { name: 'w', type: NOTE_COSIGNATURE, publicKey: signer.publicKey });

test('base64, hex and big-endian numbers read back what was written', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(fromBase64(toBase64(value))).toEqual(value);
      expect(fromHex(toHex(value), value.length)).toEqual(value);
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const eight = new Uint8Array(8);
      const view = new DataView(eight.buffer);
      putU64(eight, 0, value);
      expect([readU64(view, 0), view.getBigUint64(0)]).toEqual([value, BigInt(value)]);
      expect(parseDecimal(String(value))).toBe(value);
    }),
  );
});

test.each(['AB==', 'A', 'AA=', 'AAAA=', 'AA AA==', 'AAB=', '-_==', '====', 'A===', '=AAA', 'AA=A', 'AAÄA', 'AA\u0100A', 'AAA\n'])(
  'base64 %s has no canonical reading',
  (input) => {
    expect(fromBase64(input)).toBeUndefined();
  },
);

test('numbers beyond 2^53 are not read, and never written', () => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, 2n ** 53n);
  expect(readU64(view, 0)).toBeUndefined();
  expect(['01', '-1', '1e3', '', '9007199254740993', '99999999999999999'].map(parseDecimal)).toEqual(Array(6).fill(undefined));
  expect([-1, 0.5, 2 ** 53].map((value) => codeOf(() => putU64(new Uint8Array(8), 0, value)))).toEqual(
    Array(3).fill('AUDIT_INPUT_MALFORMED'),
  );
  expect([codeOf(() => fromHex('0G', 1)), codeOf(() => fromHex('00', 2))]).toEqual(Array(2).fill('AUDIT_INPUT_MALFORMED'));
  expect(fromUtf8(Uint8Array.of(0xff))).toBeUndefined();
});

test('padding comes off again, at every size', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: MAX_CONTENT_BYTES }), (content) => {
      const { plaintext } = pad(content);
      expect(unpad(plaintext)).toEqual(content);
    }),
    { numRuns: 30 },
  );
  const { plaintext } = pad(Uint8Array.of(1, 2));
  const touched = (at: number, value: number) => Uint8Array.from(plaintext, (byte, index) => (index === at ? value : byte));
  expect([unpad(touched(0, 1)), unpad(touched(1, 255)), unpad(touched(100, 1)), unpad(new Uint8Array(0))]).toEqual(
    Array(4).fill(undefined),
  );
});

test.each([
  ['too short', (good: Uint8Array) => good.subarray(0, HEADER_BYTES - 1)],
  ['too long', () => new Uint8Array(20_000)],
  ['of another version', (good: Uint8Array) => put(good, 0, 9)],
  ['of another suite', (good: Uint8Array) => put(good, 1, 9)],
  ['of another kind', (good: Uint8Array) => put(good, 2, 9)],
  ['of no padding class', (good: Uint8Array) => put(good, 3, 9)],
  ['of a padding class that is not its own', (good: Uint8Array) => put(good, 3, 1)],
  ['of another length', (good: Uint8Array) => put(good, 7, 9)],
  ['beyond 2^53 in seq', (good: Uint8Array) => put(good, 16, 0xff)],
  ['beyond 2^53 in wall time', (good: Uint8Array) => put(good, 24, 0xff)],
  ['beyond 2^53 in boot time', (good: Uint8Array) => put(good, 32, 0xff)],
])('an entry that is %s is refused', (_what, change) => {
  expect(codeOf(() => parseHeader(change(entry(1))))).toBe('AUDIT_ENTRY_MALFORMED');
});

test('an epoch entry with a padding class is refused', () => {
  expect(codeOf(() => parseHeader(put(entry(0), 3, 1)))).toBe('AUDIT_ENTRY_MALFORMED');
});

test.each([
  ['an unknown reason', 1, 99],
  ['an unknown origin', 0, 3],
  ['one recipient', 66, 1],
  ['nine recipients', 66, 9],
  ['three recipients in the room of two', 66, 3],
  ['an unknown role', 67, 9],
])('an epoch body with %s is refused', (_what, at, value) => {
  expect(codeOf(() => parseEpochBody(put(entryBody(entry(0)), at, value)))).toBe('AUDIT_ENTRY_MALFORMED');
});

test('an epoch body reads back, with what it replaces', () => {
  const body = parseEpochBody(entryBody(entry(0)));
  expect(encodeEpochBody(body)).toEqual(entryBody(entry(0)));
  const replaces = { incarnation: nodeCrypto.random(8), size: 77, root: nodeCrypto.random(32) };
  const replacement = { ...body, origin: { kind: 'replacement', replaces } } as const;
  expect(parseEpochBody(encodeEpochBody(replacement))).toEqual(replacement);
  const encoded = encodeEpochBody(replacement);
  expect(codeOf(() => parseEpochBody(put(encoded, encoded.length - 40, 0xff)))).toBe('AUDIT_ENTRY_MALFORMED');
  expect(codeOf(() => parseEpochBody(new Uint8Array(0)))).toBe('AUDIT_ENTRY_MALFORMED');
});

test('a secret opens for its recipients only, and only where it was sealed', () => {
  const header = parseHeader(entry(0));
  expect(openEpochSecret(nodeCrypto, entry(0), header, log.readerKey).outcome).toBe('opened');
  expect(openEpochSecret(nodeCrypto, entry(0), header, log.escrowKey).outcome).toBe('opened');
  expect(openEpochSecret(nodeCrypto, entry(0), header, nodeCrypto.random(32)).outcome).toBe('not-a-recipient');
  expect(openEpochSecret(nodeCrypto, put(entry(0), 30, 1), header, log.readerKey).outcome).toBe('envelope-damaged');
});

test('a recipient who was given another secret than the rest finds out', () => {
  const header = parseHeader(entry(0));
  const body = parseEpochBody(entryBody(entry(0)));
  const headerBytes = entry(0).subarray(0, HEADER_BYTES);
  const dishonest = { ...nodeCrypto, sha256: () => body.commitment };
  const recipients = [log.readerKey, log.escrowKey].map(
    (secret, at) => ({ role: at === 0 ? 'reader' : 'escrow', publicKey: nodeCrypto.hpkePublicKey(secret) }) as const,
  );
  const envelopes = sealEpochSecret(dishonest, nodeCrypto.random(32), recipients, { header, headerBytes, publicKey: body.publicKey });
  const forged = envelopes.map((envelope, at) => ({ ...envelope, keyId: body.envelopes[at]?.keyId ?? envelope.keyId }));
  const bytesOf = new Uint8Array(entry(0).length);
  bytesOf.set(headerBytes, 0);
  bytesOf.set(encodeEpochBody({ ...body, envelopes: forged }), HEADER_BYTES);
  expect(openEpochSecret(nodeCrypto, bytesOf, header, log.readerKey).outcome).toBe('commitment-mismatch');
});

test('bytes of another length are other bytes', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
});

test('an event beyond the largest size is refused', () => {
  expect(codeOf(() => pad(new Uint8Array(MAX_CONTENT_BYTES + 1)))).toBe('AUDIT_EVENT_OVERSIZE');
  const room = paddingRoom();
  // Of letters that take three bytes a third is as much.
  for (const text of ['x'.repeat(MAX_CONTENT_BYTES + 1), '\u20ac'.repeat(MAX_CONTENT_BYTES / 3 + 1)]) {
    expect(codeOf(() => checkContent(text))).toBe('AUDIT_EVENT_OVERSIZE');
    expect(codeOf(() => room.pad(text))).toBe('AUDIT_EVENT_OVERSIZE');
  }
  for (const text of ['', 'x'.repeat(MAX_CONTENT_BYTES), '\u20ac'.repeat(MAX_CONTENT_BYTES / 3)])
    expect(() => checkContent(text)).not.toThrow();
});

test('texts are padded one after the other in the same memory, each as alone, and nothing of one stays behind', () => {
  const room = paddingRoom();
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 4_000 }), (text) => {
      const { paddingClass, plaintext } = room.pad(text);
      expect({ paddingClass, plaintext }).toEqual(pad(utf8(text)));
      room.wipe();
      expect(plaintext.every((byte) => byte === 0)).toBe(true);
    }),
    { numRuns: 50 },
  );
  const long = room.pad('x'.repeat(600)).plaintext;
  expect(fromUtf8(unpad(room.pad('short').plaintext) ?? new Uint8Array(0))).toBe('short');
  expect(long.subarray(8).every((byte) => byte === 0)).toBe(true);
  expect(() => room.pad('y'.repeat(MAX_CONTENT_BYTES + 1))).toThrow();
  expect(long.every((byte) => byte === 0)).toBe(true);
});

test('a public key of another length or of small order is refused wherever one enters', () => {
  for (const bad of [new Uint8Array(31), new Uint8Array(33), new Uint8Array(32)]) {
    expect(codeOf(() => checkX25519PublicKey(bad))).toBe('AUDIT_KEY_UNSUITABLE');
    expect(codeOf(() => checkEd25519PublicKey(bad))).toBe('AUDIT_KEY_UNSUITABLE');
  }
  checkX25519PublicKey(nodeCrypto.hpkePublicKey(nodeCrypto.random(32)));
  checkEd25519PublicKey(signer.publicKey);
});

test('an epoch needs two recipients', () => {
  const header = parseHeader(entry(0));
  const place = { header, headerBytes: new Uint8Array(HEADER_BYTES), publicKey: nodeCrypto.random(32) };
  expect(codeOf(() => sealEpochSecret(nodeCrypto, nodeCrypto.random(32), [], place))).toBe('AUDIT_RECIPIENTS_MISSING');
});

test('an entry opens under the keys of its epoch and no other', () => {
  const opened = openEpochSecret(nodeCrypto, entry(0), parseHeader(entry(0)), log.readerKey);
  if (opened.outcome !== 'opened') throw new RangeError(opened.outcome);
  const keys = deriveEpochKeys(nodeCrypto, opened.secret, parseHeader(entry(0)));
  expect(openEntry(keys, entry(1))).toBe('{"body":{"at":0},"type":"test"}');
  expect(openEntry(keys, entry(0))).toBeUndefined();
  expect(openEntry(keys, entry(5))).toBeUndefined();
  expect(openEntry(keys, put(entry(1), 30, 9))).toBeUndefined();
});

test('a note reads back and verifies under its key alone', () => {
  const note = signNote(nodeCrypto, text, [named]);
  const read = parseNote(formatNote(note));
  expect(read.text).toBe(text);
  expect(verifyNote(read, key)).toBe(true);
  expect(verifyNote({ ...read, text: text.replace('5', '6') }, key)).toBe(false);
  expect(verifyNote({ ...read, signatures: [...read.signatures, ...read.signatures] }, key)).toBe(false);
  expect(verifyNote(read, witness)).toBe(false);
  expect(parseNote(new TextEncoder().encode(formatNote(note)))).toEqual(read);
});

test.each([
  ['no blank line', 'text\n— a AAAAAAA=\n'],
  ['no text', '\n\n— a AAAAAAA=\n'],
  ['no line feed at its end', `${text}\n— a AAAAAAA=`],
  ['no signature', `${text}\n\n`],
  ['a signature without a dash', `${text}\n- a AAAAAAA=\n`],
  ['a signature with a bad name', `${text}\n— a+b AAAAAAA=\n`],
  ['a signature that is too short', `${text}\n— a AAAAAA==\n`],
  ['a signature with more after it', `${text}\n— a AAAAAAA= x\n`],
  ['control characters', `${text.replace('x', 'x\u0007')}\n— a AAAAAAA=\n`],
  ['too much', `${text}${'y'.repeat(9000)}\n\n— a AAAAAAA=\n`],
  ['too many signatures', `${text}\n${'— a AAAAAAA=\n'.repeat(17)}`],
  ['bytes that are no text', Uint8Array.of(0xff, 0xfe)],
])('a note with %s is refused', (_what, input) => {
  expect(codeOf(() => parseNote(input))).toBe('AUDIT_NOTE_MALFORMED');
});

test('verifier keys read back; a wrong hash, another algorithm and low order are refused', () => {
  const formatted = formatVerifierKey(nodeCrypto, key);
  expect(formatVerifierKey(nodeCrypto, parseVerifierKey(nodeCrypto, ` ${formatted}\n`))).toBe(formatted);
  expect(parseVerifierKey(nodeCrypto, formatVerifierKey(nodeCrypto, witness)).type).toBe(NOTE_COSIGNATURE);
  const lowOrder = formatVerifierKey(nodeCrypto, { name: 'a', type: NOTE_ED25519, publicKey: new Uint8Array(32) });
  const other = formatted.replace(/\+[0-9a-f]{8}\+/, '+00000000+');
  const algorithm = `a+00000000+${toBase64(new Uint8Array(33).fill(9))}`;
  const beyond = formatVerifierKey(nodeCrypto, { name: 'a', type: NOTE_ED25519, publicKey: new Uint8Array(32).fill(0xff) });
  for (const bad of [lowOrder, other, algorithm, beyond, 'x', 'a+00000000+AA==', '+00000000+AAAA']) {
    expect(
      codeOf(() => parseVerifierKey(nodeCrypto, bad)),
      bad,
    ).toBe('AUDIT_KEY_UNSUITABLE');
  }
});

test('checkpoints read back; extension lines and bad numbers are refused', () => {
  expect(parseCheckpointText(text)).toEqual({ origin: 'wardlock/seat/x', size: 5, root: new Uint8Array(root) });
  for (const bad of [
    '',
    'o\n',
    `o\n05\n${toBase64(root)}\n`,
    `o\n5\nAAAA\n`,
    `${text}extension\n`,
    `o o\n5\n${toBase64(root)}\n`,
    text.slice(0, -1),
  ]) {
    expect(
      codeOf(() => parseCheckpointText(bad)),
      bad,
    ).toBe('AUDIT_NOTE_MALFORMED');
  }
  const id = { workstation: new Uint8Array(16), incarnation: new Uint8Array(8).fill(1) };
  expect(epochKeyName(id, 3)).toBe(`${logOrigin(id)}/epoch/3`);
  expect(logOrigin(id).startsWith(logKeyName(id.workstation))).toBe(true);
});

test('a cosignature states its time, and fails when anything is touched', () => {
  const note = signNote(nodeCrypto, text, [named]);
  const line = cosign(nodeCrypto, text, { name: 'w', signer }, 1_700_000_000);
  const receipt = parseNote(withSignature(note, line));
  expect(verifyCosignature(receipt, witness)).toBe(1_700_000_000);
  expect(verifyNote(receipt, key)).toBe(true);
  expect(verifyCosignature(note, witness)).toBeUndefined();
  expect(verifyCosignature(receipt, key)).toBeUndefined();
  const withLine = (signature: Uint8Array) => verifyCosignature({ text, signatures: [{ ...line, signature }] }, witness);
  expect(withLine(line.signature.subarray(1))).toBeUndefined();
  expect(withLine(put(line.signature, 0, 0xff))).toBeUndefined();
  expect(withLine(put(line.signature, 7, 9))).toBeUndefined();
  expect(verifyCosignature({ text, signatures: [line, line] }, witness)).toBeUndefined();
  expect(cosignatureReply([line, line]).split('\n')).toHaveLength(3);
});

test('a key that signs and cosigns has an id for each, whichever it did first', () => {
  const ids = ([NOTE_ED25519, NOTE_COSIGNATURE] as const).map((type) =>
    toHex(noteVerifier(nodeCrypto, { name: 'w', type, publicKey: signer.publicKey }).keyId),
  );
  const signed = (by: typeof named) => toHex(signNote(nodeCrypto, text, [by]).signatures[0]?.keyId ?? new Uint8Array());
  const cosigned = (by: typeof named) => toHex(cosign(nodeCrypto, text, by, 1).keyId);
  const [first, second] = [
    { name: 'w', signer },
    { name: 'w', signer },
  ];
  expect([signed(first), cosigned(first), signed(first)]).toEqual([ids[0], ids[1], ids[0]]);
  expect([cosigned(second), signed(second), cosigned(second)]).toEqual([ids[1], ids[0], ids[1]]);
});

test('proof texts read back', () => {
  const checkpoint = formatNote(signNote(nodeCrypto, text, [named]));
  const hashes = [nodeCrypto.random(32), nodeCrypto.random(32)];
  expect(parseTlogProof(formatTlogProof({ index: 4, hashes, checkpoint }))).toMatchObject({ index: 4, hashes, checkpoint });
  expect(parseTlogProof(formatTlogProof({ index: 4, hashes: [], checkpoint }).replace('index', 'extra AAAA\nindex'))).toMatchObject({
    index: 4,
    hashes: [],
  });
  expect(parseAddCheckpoint(formatAddCheckpoint({ oldSize: 2, hashes, checkpoint }))).toMatchObject({ oldSize: 2, hashes });
  expect(parseAddCheckpoint(formatAddCheckpoint({ oldSize: 0, hashes: [], checkpoint })).signed).toEqual(parseCheckpoint(checkpoint));
});

test.each([
  ['no blank line', 'c2sp.org/tlog-proof@v1\nindex 1\n'],
  ['another header', 'c2sp.org/tlog-proof@v2\nindex 1\n\nx'],
  ['no index', 'c2sp.org/tlog-proof@v1\n\nx'],
  ['a bad index', 'c2sp.org/tlog-proof@v1\nindex 01\n\nx'],
  ['a bad hash', 'c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx'],
  ['too many hashes', `c2sp.org/tlog-proof@v1\nindex 1\n${`${toBase64(root)}\n`.repeat(65)}\nx`],
  ['too much text', `c2sp.org/tlog-proof@v1\nindex 1\n${'A'.repeat(70_000)}\n\nx`],
])('a proof with %s is refused', (_what, input) => {
  expect(codeOf(() => parseTlogProof(input))).toBe('AUDIT_PROOF_MALFORMED');
});

function put(good: Uint8Array, at: number, value: number): Uint8Array {
  return Uint8Array.from(good, (byte, index) => (index === at ? value : byte));
}
