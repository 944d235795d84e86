/**
 * How the server's memory is taken from the system. Both Node and glibc are told when a program starts and not later, so the process
 * becomes the same program once more, under the same number and with the same standard streams. It must come before
 * anything is read: a key may come by a pipe, which can be read once.
 */
import process from 'node:process';

/** A young generation of at most three times 16 MiB: what a request makes is garbage before it is full. */
const NODE_FLAGS = ['--max-semi-space-size=16'];
/**
 * Node holds 64 KiB for what comes in over each TLS connection, of which a seat that waits fills one or two. Out of the heap these would
 * be memory that was written to before, and all of it resident; from the system each is as large as what was written to it. The heap
 * grows by less than one of them, or they would be cut from its end.
 */
const ALLOCATOR = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TOP_PAD_: '32768' };

/** Returns where nothing is to be done, or nothing can be; whoever started the process may choose other values. */
export function startLean(): void {
  if (NODE_FLAGS.every((flag) => process.execArgv.includes(flag)) || process.execve === undefined) return;
  const again = [process.execPath, ...NODE_FLAGS, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, again, { ...ALLOCATOR, ...process.env });
}
