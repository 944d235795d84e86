/** What a command that is interrupted must not leave behind, such as a file that is half written. It only knows how to end; what is tidied is the command's. */
import process from 'node:process';

/** As a shell says of Ctrl+C, and of being asked to end. */
const ENDS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/** For as long as the work lasts: call what it answers when that is over. @param tidy must not wait for anything */
export function whenInterrupted(tidy: () => void): () => void {
  const listeners = ENDS.map(([signal, code]) => {
    const end = (): void => {
      tidy();
      process.exit(code);
    };
    process.once(signal, end);
    return { signal, end };
  });
  return () => {
    for (const { signal, end } of listeners) process.off(signal, end);
  };
}
