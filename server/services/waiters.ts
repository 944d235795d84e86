/** Those who wait for something new in this process, by what concerns them. It owns their timers and nothing of what is new. */
import { EVERYBODY, type Scope, type SeatPlace, seatScope, wardScope } from './scopes.ts';

/** What ended a wait: the seat itself was called, something changed for all or for its ward, or its time was over. */
export type Woken = 'called' | 'changed' | 'over';

export interface Waiters {
  /** Without a seat, only what concerns everybody wakes it. Never rejects. */
  wait(milliseconds: number, signal: AbortSignal, seat?: SeatPlace): Promise<Woken>;
  call(workstationId: string): void;
  wake(scopes: Iterable<Scope>): void;
}

type Release = (why: Woken) => void;

export function openWaiters(): Waiters {
  const byScope = new Map<Scope, Set<Release>>();
  const release = (scope: Scope, why: Woken): void => {
    for (const one of [...(byScope.get(scope) ?? [])]) one(why);
  };
  const enter = (scope: Scope, one: Release): void => {
    byScope.set(scope, (byScope.get(scope) ?? new Set()).add(one));
  };
  const leave = (scope: Scope, one: Release): void => {
    const those = byScope.get(scope);
    those?.delete(one);
    if (those?.size === 0) byScope.delete(scope);
  };
  return {
    wait: (milliseconds, signal, seat) =>
      new Promise((resolve) => {
        const scopes = seat === undefined ? [EVERYBODY] : [EVERYBODY, wardScope(seat.wardId), seatScope(seat.workstationId)];
        const end: Release = (why) => {
          clearTimeout(limit);
          for (const scope of scopes) leave(scope, end);
          signal.removeEventListener('abort', over);
          resolve(why);
        };
        const over = (): void => end('over');
        const limit = setTimeout(over, milliseconds);
        for (const scope of scopes) enter(scope, end);
        signal.addEventListener('abort', over);
        if (signal.aborted) over();
      }),
    call: (workstationId) => release(seatScope(workstationId), 'called'),
    wake: (scopes) => {
      for (const scope of scopes) release(scope, 'changed');
    },
  };
}
