/**
 * Reads the fuses of the running binary: the switches that are burnt into a packaged Electron. It only reads; a build
 * whose fuses are not as they must be refuses to start.
 */
import { createReadStream } from 'node:fs';

/** Electron's own mark before the fuse wire, as published in its fuse documentation. */
const SENTINEL = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX');
const WIRE_VERSION = 1;
const ON = 0x31;
const OFF = 0x30;

/** Position on the wire (FuseV1Options) and what it must be in a packaged seat. */
const REQUIRED = [
  { name: 'RunAsNode', at: 0, must: OFF },
  { name: 'EnableNodeOptionsEnvironmentVariable', at: 2, must: OFF },
  { name: 'EnableNodeCliInspectArguments', at: 3, must: OFF },
  { name: 'OnlyLoadAppFromAsar', at: 5, must: ON },
  { name: 'GrantFileProtocolExtraPrivileges', at: 7, must: OFF },
] as const;

/**
 * @returns the names of fuses that are not as they must be; `['no fuse wire']` when there is none
 */
export function wrongFuses(wire: Uint8Array | undefined): readonly string[] {
  if (wire === undefined) return ['no fuse wire'];
  return REQUIRED.filter((fuse) => wire[fuse.at] !== fuse.must).map((fuse) => fuse.name);
}

/** Finds the wire in a binary of some hundred megabytes without holding it in memory. */
export async function readFuseWire(path: string): Promise<Uint8Array | undefined> {
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    if (!Buffer.isBuffer(chunk)) return undefined;
    const window = Buffer.concat([tail, chunk]);
    const found = window.indexOf(SENTINEL);
    const start = found + SENTINEL.length;
    if (found !== -1 && window.length >= start + 2) {
      const length = window[start + 1] ?? 0;
      if (window.length >= start + 2 + length) {
        return window[start] === WIRE_VERSION ? new Uint8Array(window.subarray(start + 2, start + 2 + length)) : undefined;
      }
    }
    tail = Buffer.from(window.subarray(found === -1 ? Math.max(0, window.length - SENTINEL.length) : found));
  }
  return undefined;
}
