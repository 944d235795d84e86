/** The bytes of an entries upload: each part as u32 length, big-endian, and its bytes. It owns the framing only. */
export interface EntriesUpload {
  readonly note: string;
  readonly proof: readonly Uint8Array[];
  readonly entries: readonly Uint8Array[];
}

const LENGTH_BYTES = 4;

export function encodeEntries({ note, proof, entries }: EntriesUpload): Buffer {
  const parts = [Buffer.from(note), Buffer.concat(proof), ...entries];
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}
