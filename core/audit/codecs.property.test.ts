/** What the codecs write reads back the same, and what somebody touched does not pass: over random inputs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { cosign, verifyCosignature, withSignature } from './cosignature.ts';
import { type EntryHeader, encodeHeader, HEADER_BYTES, KIND_EPOCH, MAX_CONTENT_BYTES, pad, parseHeader, unpad } from './entry.ts';
import { type EpochBody, encodeEpochBody, parseEpochBody } from './epoch.ts';
import { formatNote, NOTE_COSIGNATURE, NOTE_ED25519, noteVerifier, parseNote, signNote, verifyNote, verifyNoteAside } from './note.ts';
import { formatAddCheckpoint, formatTlogProof, parseAddCheckpoint, parseTlogProof } from './proofs.ts';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const name = fc.stringMatching(/^[a-z0-9./-]{1,40}$/).filter((text) => !text.includes('+'));
const hashes = fc.array(bytes(32), { maxLength: 63 });
const signer = nodeCrypto.signer(nodeCrypto.random(32));
const publicKey = signer.publicKey;

test('a note reads back, verifies under its key, and under no other name, text or key', () => {
  fc.assert(
    fc.property(name, fc.array(fc.stringMatching(/^[ -~]{1,60}$/), { minLength: 1, maxLength: 6 }), (keyName, lines) => {
      const text = `${lines.join('\n')}\n`;
      fc.pre(!text.includes('\n\n'));
      const note = signNote(nodeCrypto, text, [{ name: keyName, signer }]);
      expect(parseNote(formatNote(note))).toEqual(note);
      const key = noteVerifier(nodeCrypto, { name: keyName, type: NOTE_ED25519, publicKey });
      expect(verifyNote(note, key)).toBe(true);
      expect(verifyNote({ ...note, text: `${text}x\n` }, key)).toBe(false);
      expect(verifyNote(note, noteVerifier(nodeCrypto, { name: `${keyName}x`, type: NOTE_ED25519, publicKey }))).toBe(false);
    }),
  );
});

test('a note that is verified aside gets the same answer', async () => {
  const note = signNote(nodeCrypto, 'a\n', [{ name: 'n', signer }]);
  const key = noteVerifier(nodeCrypto, { name: 'n', type: NOTE_ED25519, publicKey });
  expect(await verifyNoteAside(note, key)).toBe(true);
  expect(await verifyNoteAside({ ...note, text: 'b\n' }, key)).toBe(false);
  expect(await verifyNoteAside(note, noteVerifier(nodeCrypto, { name: 'm', type: NOTE_ED25519, publicKey }))).toBe(false);
});

test('a checkpoint reads back with its origin, size and root', () => {
  fc.assert(
    fc.property(name, size, bytes(32), (origin, count, root) => {
      const note = signNote(nodeCrypto, formatCheckpoint({ origin, size: count, root }), [{ name: origin, signer }]);
      expect(parseCheckpoint(formatNote(note)).checkpoint).toEqual({ origin, size: count, root });
    }),
  );
});

test('a cosignature tells its time, and holds for its own text and time alone', () => {
  const key = noteVerifier(nodeCrypto, { name: 'w', type: NOTE_COSIGNATURE, publicKey });
  fc.assert(
    fc.property(size, bytes(32), fc.integer({ min: 1, max: 2 ** 40 }), fc.nat(71), (count, root, time, at) => {
      const text = formatCheckpoint({ origin: 'o', size: count, root });
      const line = cosign(nodeCrypto, text, { name: 'w', signer }, time);
      const note = parseNote(withSignature(signNote(nodeCrypto, text, [{ name: 'o', signer }]), line));
      expect(verifyCosignature(note, key)).toBe(time);
      const touched = Uint8Array.from(line.signature, (byte, index) => (index === at % line.signature.length ? byte ^ 1 : byte));
      expect(verifyCosignature({ text, signatures: [{ ...line, signature: touched }] }, key)).toBeUndefined();
    }),
  );
});

test('proofs and requests to a witness read back', () => {
  const checkpoint = formatNote(
    signNote(nodeCrypto, formatCheckpoint({ origin: 'o', size: 9, root: new Uint8Array(32) }), [{ name: 'o', signer }]),
  );
  fc.assert(
    fc.property(size, hashes, (index, path) => {
      expect(parseTlogProof(formatTlogProof({ index, hashes: path, checkpoint }))).toMatchObject({ index, hashes: path, checkpoint });
      expect(parseAddCheckpoint(formatAddCheckpoint({ oldSize: index, hashes: path, checkpoint }))).toMatchObject({
        oldSize: index,
        hashes: path,
      });
    }),
  );
});

const origin: fc.Arbitrary<EpochBody['origin']> = fc.oneof(
  fc.constant({ kind: 'later' } as const),
  fc.constant({ kind: 'enrolment' } as const),
  fc.record({ incarnation: bytes(8), size, root: bytes(32) }).map((replaces) => ({ kind: 'replacement', replaces }) as const),
);
const envelope = fc.record({ role: fc.constantFrom('reader', 'escrow'), keyId: bytes(8), enc: bytes(32), ciphertext: bytes(48) });
const body: fc.Arbitrary<EpochBody> = fc.record({
  origin,
  reason: fc.constantFrom('start', 'session_end', 'wake', 'time', 'entries', 'recipients'),
  publicKey: bytes(32),
  commitment: bytes(32),
  envelopes: fc.array(envelope, { minLength: 2, maxLength: 8 }),
});

test('an epoch reads back whole, and neither cut nor lengthened', () => {
  fc.assert(
    fc.property(body, fc.nat(), (epoch, cut) => {
      const encoded = encodeEpochBody(epoch);
      expect(parseEpochBody(encoded)).toEqual(epoch);
      const malformed = expect.objectContaining({ code: 'AUDIT_ENTRY_MALFORMED' });
      expect(() => parseEpochBody(encoded.subarray(0, cut % encoded.length))).toThrow(malformed);
      expect(() => parseEpochBody(Uint8Array.from([...encoded, 0]))).toThrow(malformed);
    }),
  );
});

test('a header reads back at every value of its fields', () => {
  const header: fc.Arbitrary<Omit<EntryHeader, 'kind' | 'paddingClass' | 'length' | 'nonce'>> = fc.record({
    boot: u32,
    epoch: u32,
    seq: size,
    wallMicros: size,
    bootMicros: size,
    workstation: bytes(16),
    incarnation: bytes(8),
    link: bytes(8),
  });
  fc.assert(
    fc.property(header, fc.integer({ min: 0, max: 2000 }), (fields, length) => {
      const whole: EntryHeader = { ...fields, kind: KIND_EPOCH, paddingClass: 0, length, nonce: new Uint8Array(12) };
      const entry = new Uint8Array(HEADER_BYTES + length);
      entry.set(encodeHeader(whole));
      expect(parseHeader(entry)).toEqual(whole);
    }),
  );
});

test('content of every length comes out of its padding again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: MAX_CONTENT_BYTES }), (content) => {
      expect(unpad(pad(content).plaintext)).toEqual(content);
    }),
    { numRuns: 50 },
  );
});
