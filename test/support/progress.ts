/**
 * Says on standard error how far a long test is, so that a person before it can tell work from a hang, and gives the runner a turn: a
 * worker that answers nothing for a minute counts as dead. It judges nothing.
 */

/** A person waits this long before wondering. */
const SAY_EACH_MS = 15_000;

/** @param what the work, as its line begins; @param total how much of it there is */
export function progress(what: string, total: number): (done: number) => Promise<void> {
  const began = performance.now();
  let said = began;
  return async (done) => {
    const now = performance.now();
    if (now - said < SAY_EACH_MS) return;
    said = now;
    process.stderr.write(`${what}: ${done} of ${total} after ${Math.round((now - began) / 1000)} s\n`);
    await new Promise((next) => setImmediate(next));
  };
}
