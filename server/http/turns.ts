/**
 * Lets a few at a time do what costs the server something, each after a turn of the event loop, so that thousands who are told of
 * one change at once leave room for everybody else. It knows nothing of what they do.
 */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function openTurns(most: number): InTurn {
  const waiting: (() => void)[] = [];
  let working = 0;
  return async (work) => {
    if (working < most) working += 1;
    else await new Promise<void>((next) => waiting.push(next));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place goes on to the next one: nobody who comes meanwhile is let in between.
      if (next === undefined) working -= 1;
      else setImmediate(next);
    }
  };
}
