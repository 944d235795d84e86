/**
 * A reader of C2SP tlog-tiles written from the specification, with nothing of the product: it fetches, hashes and believes
 * only what adds up to a signed checkpoint. For tests that play a stranger's tool.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';

export type FetchFile = (path: string) => Promise<Buffer>;

export interface ReadCheckpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly text: string;
}

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leafHash = (entry: Uint8Array): Buffer => sha256(Buffer.of(0), entry);
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.of(1), left, right);

/** RFC 6962 section 2.1, as it is written there. */
export function treeHash(hashes: readonly Buffer[]): Buffer {
  const [only] = hashes;
  if (only === undefined) return sha256();
  if (hashes.length === 1) return only;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return nodeHash(treeHash(hashes.slice(0, split)), treeHash(hashes.slice(split)));
}

/** Reads a checkpoint and checks its signature by a vkey (`name+hash+base64`). Throws where it does not verify. */
export function readCheckpoint(note: string, vkey: string): ReadCheckpoint {
  const [name = '', hash = '', ...rest] = vkey.split('+');
  const key = Buffer.from(rest.join('+'), 'base64');
  const id = sha256(Buffer.from(`${name}\n`), key).subarray(0, 4);
  if (id.toString('hex') !== hash) throw new Error('the vkey does not name its key');
  const at = note.lastIndexOf('\n\n');
  const text = note.slice(0, at + 1);
  const line = note
    .slice(at + 2)
    .split('\n')
    .map((found) => /^\u2014 (\S+) (\S+)$/.exec(found))
    .find(
      (found) =>
        found?.[1] === name &&
        Buffer.from(found[2] ?? '', 'base64')
          .subarray(0, 4)
          .equals(id),
    );
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const signature = Buffer.from(line?.[2] ?? '', 'base64').subarray(4);
  if (!verify(null, Buffer.from(text), publicKey, signature)) throw new Error('the checkpoint is not signed by this key');
  const [origin = '', size = '', root = ''] = text.split('\n');
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), text };
}

function indexPath(index: number): string {
  const text = String(index);
  const padded = '0'.repeat((3 - (text.length % 3)) % 3) + text;
  const groups = padded.match(/.{3}/g) ?? [];
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/');
}

/** The tiles of one level of a tree of `size`, one after the other. */
async function readLevel(fetchFile: FetchFile, level: string, hashes: number): Promise<Buffer[]> {
  const files: Buffer[] = [];
  for (let index = 0; index * 256 < hashes; index += 1) {
    const width = Math.min(256, hashes - index * 256);
    files.push(await fetchFile(`tile/${level}/${indexPath(index)}${width === 256 ? '' : `.p/${width}`}`));
  }
  return files;
}

/** Every entry below `checkpoint`, with each tile of each level held against them. Throws where anything differs. */
export async function readWholeLog(fetchFile: FetchFile, checkpoint: ReadCheckpoint): Promise<Buffer[]> {
  const entries = (await readLevel(fetchFile, 'entries', checkpoint.size)).flatMap(unpack);
  if (entries.length !== checkpoint.size) throw new Error(`${entries.length} entries instead of ${checkpoint.size}`);
  let below = entries.map(leafHash);
  if (!treeHash(below).equals(checkpoint.root)) throw new Error('the entries do not add up to the checkpoint');
  for (let level = 0; below.length > 0; level += 1) {
    const tiles = await readLevel(fetchFile, String(level), below.length);
    if (!Buffer.concat(tiles).equals(Buffer.concat(below))) throw new Error(`the tiles of level ${level} do not fit the entries`);
    const full = Math.floor(below.length / 256);
    below = Array.from({ length: full }, (_, at) => treeHash(below.slice(at * 256, (at + 1) * 256)));
  }
  return entries;
}

function unpack(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) throw new Error('a bundle is cut short');
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** PROOF(old, new) of RFC 6962 section 2.1.2 from leaf hashes, for a witness. */
export function consistency(old: number, hashes: readonly Buffer[], whole = true): Buffer[] {
  if (old === 0 || old === hashes.length) return whole || old === 0 ? [] : [treeHash(hashes)];
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return old <= split
    ? [...consistency(old, hashes.slice(0, split), whole), treeHash(hashes.slice(split))]
    : [...consistency(old - split, hashes.slice(split), false), treeHash(hashes.slice(0, split))];
}

export const hashOfEntry = leafHash;
