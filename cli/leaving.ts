/**
 * How a command ends before its work is done: whoever reads it has seen enough, or asked it to end. What must not stay behind, such as
 * users that were made for the work, goes first. It owns when; what is tidied is the command's.
 */
import process from 'node:process';

const ASKING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let tidyFirst: (() => Promise<unknown>) | null = null;
let isLeaving = false;

/** Ends the process: at once where nothing is to be tidied. A second time changes nothing. */
export function leave(code: number): void {
  if (isLeaving) return;
  if (tidyFirst === null) process.exit(code);
  isLeaving = true;
  void tidyFirst().finally(() => process.exit(code));
}

/** @param tidy is called once, where the process must end before the work has */
export async function tidyingOnLeave<T>(tidy: () => Promise<unknown>, code: number, work: () => Promise<T>): Promise<T> {
  const end = (): void => leave(code);
  tidyFirst = tidy;
  for (const signal of ASKING) process.on(signal, end);
  try {
    return await work();
  } finally {
    // Whoever leaves still tidies: the end of the work is a part of that.
    if (!isLeaving) {
      for (const signal of ASKING) process.off(signal, end);
      tidyFirst = null;
    }
  }
}
