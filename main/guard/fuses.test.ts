import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFuseWire, wrongFuses } from './fuses.ts';

const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const wire = (states: string): Buffer => Buffer.concat([Buffer.from(SENTINEL), Buffer.from([1, states.length]), Buffer.from(states)]);

describe('the fuses of a packaged seat', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wardlock-fuses-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('finds the wire across the border of two chunks', async () => {
    const file = join(folder, 'binary');
    await writeFile(file, Buffer.concat([Buffer.alloc((1 << 20) - 20, 0x78), wire('01001101'), Buffer.alloc(100)]));
    expect(Buffer.from((await readFuseWire(file)) ?? []).toString()).toBe('01001101');
  });

  it('says when there is none', async () => {
    const file = join(folder, 'other');
    await writeFile(file, 'not electron');
    expect(await readFuseWire(file)).toBeUndefined();
    expect(wrongFuses(undefined)).toEqual(['no fuse wire']);
  });

  it('names each fuse that is wrong', () => {
    expect(wrongFuses(Buffer.from('01001100'))).toEqual([]);
    expect(wrongFuses(Buffer.from('11111111'))).toEqual([
      'RunAsNode',
      'EnableNodeOptionsEnvironmentVariable',
      'EnableNodeCliInspectArguments',
      'GrantFileProtocolExtraPrivileges',
    ]);
  });
});
