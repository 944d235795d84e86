/**
 * The write-ahead log as it was found, where SQLite reads less of it than is there: behind one bad bit it passes over all later commits
 * without a word, and a start folds and empties the file. Owns the copy that is made before anything is opened; must never write over
 * one. Its pages are whole, so whoever mends the bit has every commit again.
 */
import { closeSync, constants, copyFileSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { asCoded } from './database.ts';

/** What follows a database's name in that of the copy: SQLite looks for no such file. */
const FOUND_WAL = '-wal.found';
/** What lies beside a database and moves with it, before the database itself. */
export const BESIDE_DATABASE = ['-wal', '-shm', FOUND_WAL] as const;

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The last bit says in which order the words of a checksum are. */
const MAGIC = 0x377f0682;
const LARGEST_PAGE = 65_536;

/**
 * Call it before the database is opened. Durable when it returns; throws AUDIT_STORE_FULL where there is no room for a copy: then nothing may be
 * folded either. Without its database the file itself is taken aside: SQLite would fold it into the one that comes next.
 */
export function keepFoundWal(db: string): void {
  const wal = `${db}-wal`;
  if (!existsSync(wal) || existsSync(`${db}${FOUND_WAL}`)) return;
  if (!existsSync(db)) renameSync(wal, `${db}${FOUND_WAL}`);
  else if (hidesCommits(readFileSync(wal))) copyAside(wal, `${db}${FOUND_WAL}`);
}

function copyAside(wal: string, target: string): void {
  const unfinished = `${target}.new`;
  try {
    copyFileSync(wal, unfinished, constants.COPYFILE_FICLONE);
    flush(unfinished);
    renameSync(unfinished, target);
    flush(dirname(target));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw asCoded(error, wal);
  }
}

export function hasFoundWal(db: string): boolean {
  return existsSync(`${db}${FOUND_WAL}`);
}

/** The log goes on and has all that its anchor names: what was passed over was never told to be durable. */
export function dropFoundWal(db: string): void {
  rmSync(`${db}${FOUND_WAL}`, { force: true });
}

/** The log goes on and nothing says what it had. */
export function retireFoundWal(db: string, retired: string): void {
  if (hasFoundWal(db)) renameSync(`${db}${FOUND_WAL}`, `${retired}${FOUND_WAL}`);
}

/**
 * Whether a commit stands at or behind the place where SQLite stops reading. Frames of an earlier use of the file have other salts, and what is
 * left of a transaction that found no room has no commit in it.
 */
export function hidesCommits(wal: Uint8Array): boolean {
  if (wal.length < HEADER_BYTES + FRAME_HEADER_BYTES) return false;
  const view = new DataView(wal.buffer, wal.byteOffset, wal.length);
  const pageBytes = view.getUint32(8);
  const sum = new Sums(view);
  // Without a header none of it is read.
  if (!isPageSize(pageBytes) || !sum.hasMagic || !sum.over(0, HEADER_BYTES - 8).isAt(HEADER_BYTES - 8)) return true;
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  let isRead = true;
  for (let at = HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    const isOfThisUse = view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    sum.over(at, 8).over(at + FRAME_HEADER_BYTES, pageBytes);
    isRead &&= isOfThisUse && sum.isAt(at + 16);
    if (!isRead && isOfThisUse && view.getUint32(at + 4) !== 0) return true;
  }
  return false;
}

function isPageSize(bytes: number): boolean {
  return bytes >= 512 && bytes <= LARGEST_PAGE && (bytes & (bytes - 1)) === 0;
}

/** SQLite's checksum, which goes on from frame to frame (https://sqlite.org/fileformat2.html, section 4.2). */
class Sums {
  readonly hasMagic: boolean;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(view: DataView) {
    const magic = view.getUint32(0);
    this.#view = view;
    this.hasMagic = (magic & ~1) === MAGIC;
    this.#littleEndian = (magic & 1) === 0;
  }

  over(from: number, bytes: number): this {
    for (let at = from; at < from + bytes; at += 8) {
      this.#first = (this.#first + this.#view.getUint32(at, this.#littleEndian) + this.#second) >>> 0;
      this.#second = (this.#second + this.#view.getUint32(at + 4, this.#littleEndian) + this.#first) >>> 0;
    }
    return this;
  }

  /** Whether that is the checksum which stands at this place. */
  isAt(at: number): boolean {
    return this.#view.getUint32(at) === this.#first && this.#view.getUint32(at + 4) === this.#second;
  }
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
