/**
 * What a person sees while the clinic starts: one line a step, with its time. It owns the terminal's wording and
 * nothing else; a failing step names what failed and what to do, and the first failure ends the run.
 */
export interface Progress {
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
  note(line: string): void;
}

/** @param write where lines go; a line ends with a newline @param now monotonic milliseconds */
/** @param isAsked whether somebody asked for the end: no step begins any more, and one that does not come to its own has not failed */
export function progress(write: (text: string) => void, now: () => number, isAsked: () => boolean = () => false): Progress {
  return {
    async step(title, work) {
      if (isAsked()) throw new Error(`Asked to stop before: ${title}`);
      const started = now();
      try {
        const value = await work();
        write(`  ok    ${title} (${((now() - started) / 1000).toFixed(1)} s)\n`);
        return value;
      } catch (cause) {
        write(`  ${isAsked() ? 'left' : 'FAIL'}  ${title} (${((now() - started) / 1000).toFixed(1)} s)\n`);
        throw cause;
      }
    },
    note(line) {
      write(`        ${line}\n`);
    },
  };
}
