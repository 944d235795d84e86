/**
 * How the server's memory is taken from the system. glibc is told when a program starts and not later, so the process becomes the same
 * program once more, under the same number and with the same standard streams. It must come before anything is read: a key may come by
 * a pipe, which can be read once.
 */
import process from 'node:process';

/**
 * Node holds 64 KiB for what comes in over each TLS connection, of which a seat that waits fills one or two. Out of the heap these would
 * be memory that was written to before, and all of it resident; from the system each is as large as what was written to it. The heap
 * grows by less than one of them, or they would be cut from its end.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TOP_PAD_: '32768' };
/** A mark of its own: where the program has rights that its user lacks, the loader takes the others away, and it would start for ever. */
const STARTED = { WARDLOCK_LEAN: '1' };

/** Returns where nothing is to be done, or nothing can be; whoever started the process may choose other values. */
export function startLean(): void {
  if (Object.keys(STARTED).every((name) => process.env[name] !== undefined) || process.execve === undefined) return;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, again, { ...ALLOCATOR, ...process.env, ...STARTED });
}
