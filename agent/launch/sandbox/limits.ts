/**
 * What the applications of a session may use of the machine, so that one that leaks or forks without end takes neither the screens nor the
 * agent along. Numbers only: the kernel counts.
 */
import { totalmem } from 'node:os';

/** Threads count as well. Far more than people need, and too few to bring the seat to a stop. */
export const PROCESSES = 4_096;
export const OPEN_FILES = 4_096;
/** What is left is for the agent, the screens with their web applications, and the system. */
const SHARE_OF_MEMORY = 0.75;
const PAGE_BYTES = 4_096;

/** Of the session in all where the kernel counts groups, of each of its processes otherwise. */
export function memoryLimitBytes(machineBytes: number = totalmem()): number {
  return Math.floor((machineBytes * SHARE_OF_MEMORY) / PAGE_BYTES) * PAGE_BYTES;
}
