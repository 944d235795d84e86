import { describe, expect, test } from 'vitest';
import { classify, classifyFile } from './elf.ts';

const reader = (content: Buffer) => (offset: number, length: number) => content.subarray(offset, offset + length);
const kindOf = (content: string | Buffer, name = 'file') => classify(reader(Buffer.from(content)), name).kind;

const PROGRAM_HEADER = 56;
const DF_1_PIE = 0x0800_0000n;

interface Image {
  readonly type: number;
  readonly loader?: string;
  readonly flags1?: bigint;
}

/** A 64-bit little-endian ELF image with the parts that matter: header, program headers, loader path, dynamic section. */
function image({ type, loader, flags1 }: Image): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 0, 'latin1');
  header[4] = 2;
  header[5] = 1;
  header.writeUInt16LE(type, 16);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(2, 56);
  const table = Buffer.alloc(2 * PROGRAM_HEADER);
  const path = Buffer.from(`${loader ?? ''}\0`, 'latin1');
  const dynamic = Buffer.alloc(32);
  if (flags1 !== undefined) {
    dynamic.writeBigInt64LE(0x6fff_fffbn, 0);
    dynamic.writeBigUInt64LE(flags1, 8);
  }
  const at = 64 + table.length;
  const segments: readonly (readonly [number, number, number])[] = [
    [loader === undefined ? 0 : 3, at, path.length],
    [flags1 === undefined ? 0 : 2, at + path.length, dynamic.length],
  ];
  segments.forEach(([kind, offset, size], index) => {
    table.writeUInt32LE(kind, index * PROGRAM_HEADER);
    table.writeBigUInt64LE(BigInt(offset), index * PROGRAM_HEADER + 8);
    table.writeBigUInt64LE(BigInt(size), index * PROGRAM_HEADER + 32);
  });
  return Buffer.concat([header, table, path, dynamic]);
}

describe('what a file is, by its content', () => {
  test('an old-style program', () => expect(kindOf(image({ type: 2 }))).toBe('program'));
  test('a position-independent program, with and without a loader', () => {
    expect(kindOf(image({ type: 3, loader: '/lib64/ld.so', flags1: DF_1_PIE }))).toBe('program');
    expect(kindOf(image({ type: 3, flags1: DF_1_PIE }))).toBe('program');
  });
  test('its loader is told', () => {
    expect(classify(reader(image({ type: 2, loader: '/lib64/ld-x.so.2' })), 'a')).toEqual({ kind: 'program', loader: '/lib64/ld-x.so.2' });
  });
  test('a library, also one that can be run and says so', () => {
    expect(kindOf(image({ type: 3 }), 'libfoo.so.1.2')).toBe('library');
    expect(kindOf(image({ type: 3, loader: '/lib64/ld.so' }), 'libc.so.6')).toBe('library');
  });
  test('a runnable object without the name of a library is a program', () => {
    expect(kindOf(image({ type: 3, loader: '/lib64/ld.so' }), 'tool')).toBe('program');
  });
  test('a program that calls itself a library is still a program', () => {
    expect(kindOf(image({ type: 3, loader: '/lib64/ld.so', flags1: DF_1_PIE }), 'libevil.so')).toBe('program');
    expect(kindOf(image({ type: 2 }), 'libevil.so.1')).toBe('program');
  });
  test('an image of another word size counts as a program, so that it is never granted by accident', () => {
    const other = image({ type: 3 });
    other[4] = 1;
    expect(kindOf(other, 'libfoo.so')).toBe('program');
  });
  test('a script and its interpreter', () => {
    expect(classify(reader(Buffer.from('#!/bin/sh -e\necho')), 'x')).toEqual({ kind: 'script', interpreter: '/bin/sh' });
    expect(classify(reader(Buffer.from('#! /usr/bin/env python3')), 'x')).toEqual({ kind: 'script', interpreter: '/usr/bin/env' });
  });
  test('data, empty files and images that are cut off', () => {
    expect(kindOf('')).toBe('data');
    expect(kindOf('hello')).toBe('data');
    expect(kindOf('\x7fELF')).toBe('program');
    const whole = image({ type: 3, loader: '/lib64/ld.so', flags1: DF_1_PIE });
    for (let length = 0; length < whole.length; length += 7) expect(() => kindOf(whole.subarray(0, length))).not.toThrow();
  });
  test('the program that runs this test', () => {
    expect(classifyFile(process.execPath).kind).toBe(process.platform === 'linux' ? 'program' : 'data');
  });
});
