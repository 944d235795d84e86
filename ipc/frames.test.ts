/** The codec against any cut of the stream and any bytes: it gives the same values or a coded error, never more memory. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWardlockError } from '../core/errors/index.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { FRAME_LIMIT } from './limits.ts';

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 })), (values, cuts) => {
        const stream = join(values.map((value) => encodeFrame(value)));
        const decoder = new FrameDecoder();
        const seen: unknown[] = [];
        let at = 0;
        for (const cut of [...cuts, stream.byteLength]) {
          seen.push(...decoder.push(stream.subarray(at, at + cut)));
          at = Math.min(stream.byteLength, at + cut);
        }
        expect(seen).toEqual(values.map((value): unknown => JSON.parse(JSON.stringify(value))));
        expect(decoder.partial).toBe(false);
      }),
    );
  });

  it('refuse any bytes with a coded error, and stay broken after it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const decoder = new FrameDecoder();
        try {
          for (const value of decoder.push(bytes)) expect(JSON.stringify(value)).toBeTypeOf('string');
        } catch (failure) {
          expect(isWardlockError(failure) && ['IPC_FRAME_TOO_LARGE', 'IPC_MESSAGE_MALFORMED'].includes(failure.code)).toBe(true);
          expect(() => [...decoder.push(encodeFrame({}))]).toThrow();
        }
      }),
    );
  });

  it('refuse a length over the limit before its body arrives', () => {
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, FRAME_LIMIT + 1);
    expect(() => [...new FrameDecoder().push(header)]).toThrow(expect.objectContaining({ code: 'IPC_FRAME_TOO_LARGE' }));
  });

  it('take a body of exactly the limit and not a byte more', () => {
    const exact = encodeFrame('x'.repeat(FRAME_LIMIT - 2));
    expect([...new FrameDecoder().push(exact)]).toHaveLength(1);
    expect(() => encodeFrame('x'.repeat(FRAME_LIMIT - 1))).toThrow(expect.objectContaining({ code: 'IPC_FRAME_TOO_LARGE' }));
  });

  it('refuse a body that is not UTF-8', () => {
    expect(() => [...new FrameDecoder().push(new Uint8Array([0, 0, 0, 3, 0x22, 0xff, 0x22]))]).toThrow(
      expect.objectContaining({ code: 'IPC_MESSAGE_MALFORMED' }),
    );
  });
});
