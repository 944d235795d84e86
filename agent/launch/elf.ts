/**
 * Tells programs, libraries, scripts and plain data apart by content, because names and permission bits say nothing to
 * a loader or an interpreter. Reads headers only; decides nothing about who may run what.
 */
import { closeSync, openSync, readSync } from 'node:fs';

export type FileKind =
  | { readonly kind: 'program'; readonly loader: string | undefined }
  | { readonly kind: 'library' }
  | { readonly kind: 'script'; readonly interpreter: string }
  | { readonly kind: 'data' };

/** Reads up to `length` bytes at `offset`; fewer where the file ends. */
export type ReadAt = (offset: number, length: number) => Buffer;

const HEAD_BYTES = 256;
const ELF_HEADER_BYTES = 64;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PROGRAM_HEADER_BYTES = 56;
const MAX_PROGRAM_HEADERS = 128;
const MAX_LOADER_BYTES = 256;
const MAX_DYNAMIC_BYTES = 64 * 1024;
const DT_NULL = 0n;
const DT_FLAGS_1 = 0x6fff_fffbn;
const DF_1_PIE = 0x0800_0000n;
const LIBRARY_NAME = /\.so(?:\.[0-9][0-9.]*)?$/u;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/**
 * What a file is. An ELF file of another word size or byte order counts as a program: it is then not granted by accident.
 * @param name only to tell a shared object that can be run (such as `libc.so.6`) from an old-style program
 */
export function classify(readAt: ReadAt, name: string): FileKind {
  const head = readAt(0, HEAD_BYTES);
  if (head.length > 2 && head[0] === 0x23 && head[1] === 0x21) return { kind: 'script', interpreter: shebang(head) };
  if (head.length < 4 || head.readUInt32BE(0) !== 0x7f454c46) return { kind: 'data' };
  const is64BitLittleEndian = head[4] === 2 && head[5] === 1;
  if (!is64BitLittleEndian || head.length < ELF_HEADER_BYTES) return { kind: 'program', loader: undefined };
  const type = head.readUInt16LE(16);
  if (type !== ET_EXEC && type !== ET_DYN) return { kind: 'data' };
  const segments = programHeaders(readAt, head);
  const loader = loaderOf(readAt, segments);
  const program = type === ET_EXEC || isPositionIndependentProgram(readAt, segments) || (loader !== undefined && !LIBRARY_NAME.test(name));
  return program ? { kind: 'program', loader } : { kind: 'library' };
}

/** `classify` for an open descriptor. */
export function classifyDescriptor(fd: number, name: string): FileKind {
  return classify((offset, length) => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(fd, buffer, 0, length, offset));
  }, name);
}

/** `classify` for a path. Throws the file system's error when it can't be read. */
export function classifyFile(path: string): FileKind {
  const fd = openSync(path, 'r');
  try {
    return classifyDescriptor(fd, path);
  } finally {
    closeSync(fd);
  }
}

/** execve(2): the first word of the line; what follows is one argument and no part of the path. */
function shebang(head: Buffer): string {
  const line = head.toString('latin1').slice(2).split('\n', 1)[0] ?? '';
  return line.trim().split(/[ \t]/u, 1)[0] ?? '';
}

function programHeaders(readAt: ReadAt, head: Buffer): readonly Segment[] {
  const offset = Number(head.readBigUInt64LE(32));
  const count = Math.min(head.readUInt16LE(56), MAX_PROGRAM_HEADERS);
  const table = readAt(offset, count * PROGRAM_HEADER_BYTES);
  return Array.from({ length: Math.floor(table.length / PROGRAM_HEADER_BYTES) }, (_, index) => {
    const at = index * PROGRAM_HEADER_BYTES;
    return { type: table.readUInt32LE(at), offset: Number(table.readBigUInt64LE(at + 8)), size: Number(table.readBigUInt64LE(at + 32)) };
  });
}

function loaderOf(readAt: ReadAt, segments: readonly Segment[]): string | undefined {
  const segment = segments.find(({ type }) => type === PT_INTERP);
  if (segment === undefined) return undefined;
  const path = readAt(segment.offset, Math.min(segment.size, MAX_LOADER_BYTES)).toString('latin1');
  return path.split('\0', 1)[0];
}

function isPositionIndependentProgram(readAt: ReadAt, segments: readonly Segment[]): boolean {
  const segment = segments.find(({ type }) => type === PT_DYNAMIC);
  if (segment === undefined) return false;
  const entries = readAt(segment.offset, Math.min(segment.size, MAX_DYNAMIC_BYTES));
  for (let at = 0; at + 16 <= entries.length; at += 16) {
    const tag = entries.readBigInt64LE(at);
    if (tag === DT_NULL) return false;
    if (tag === DT_FLAGS_1) return (entries.readBigUInt64LE(at + 8) & DF_1_PIE) !== 0n;
  }
  return false;
}
