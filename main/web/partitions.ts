/**
 * The partitions of web applications: in memory, each with its own way out of the machine. Electron never frees one, so a partition is
 * used again for the same application, once everything in it is gone; one that can't be emptied is never used again.
 */
import { randomUUID } from 'node:crypto';
import { type Session, session } from 'electron';
import { type DeadEnd, openDeadEnd } from './dead-end.ts';
import { planOf } from './routes.ts';

export interface Partition {
  readonly session: Session;
  /**
   * Empties it and holds it to these origins. Nothing may be loaded in it before.
   * @param refused hears what was sent elsewhere
   */
  prepare(origins: readonly string[], refused: (origin: string) => void): Promise<void>;
  /** Drops all that it holds; rejects where something stayed. */
  empty(): Promise<void>;
}

export interface Partitions {
  take(appId: string): Partition;
  /**
   * Empties it at once.
   * @param isOver whether what ran in it has ended
   */
  release(appId: string, partition: Partition, isOver: () => boolean): void;
}

interface Free {
  readonly partition: Partition;
  readonly isOver: () => boolean;
}

export function createPartitions(): Partitions {
  const free = new Map<string, Free[]>();
  return {
    take(appId) {
      const mine = free.get(appId) ?? [];
      // Workers end a moment after what they belonged to.
      const at = mine.findIndex(
        ({ partition, isOver }) => isOver() && Object.keys(partition.session.serviceWorkers.getAllRunning()).length === 0,
      );
      return (at === -1 ? undefined : mine.splice(at, 1)[0]?.partition) ?? createPartition();
    },
    release(appId, partition, isOver) {
      partition.empty().then(
        () => free.set(appId, [...(free.get(appId) ?? []), { partition, isOver }]),
        () => process.stderr.write('wardlock-ui: a partition could not be emptied; it is not used again.\n'),
      );
    },
  };
}

function createPartition(): Partition {
  const own = session.fromPartition(`web-${randomUUID()}`, { cache: false });
  let tell: (origin: string) => void = () => {};
  let deadEnd: DeadEnd | undefined;
  /** One at a time: an application may be closed while it still opens. */
  let last: Promise<void> = Promise.resolve();
  const next = (step: () => Promise<void>): Promise<void> => {
    const done = last.then(step);
    last = done.catch(() => {});
    return done;
  };
  return {
    session: own,
    prepare: (origins, refused) =>
      next(async () => {
        tell = refused;
        deadEnd ??= await openDeadEnd((origin) => tell(origin));
        await hold(own, origins, deadEnd);
        // Again: what ended after the last person's work may have written until then.
        await empty(own);
      }),
    empty: () => next(() => empty(own)),
  };
}

/** From here on everything but the origins leads to the dead end. */
async function hold(own: Session, origins: readonly string[], { port, lead }: DeadEnd): Promise<void> {
  lead(new Map());
  await own.setProxy({ mode: 'system' });
  const routes = await Promise.all(origins.map(async (origin) => ({ origin, way: await own.resolveProxy(new URL(origin).href) })));
  const { config, onward } = planOf(routes, port);
  await own.setProxy(config);
  lead(onward);
}

/** Drops all that a partition holds; rejects where something stayed. */
async function empty(own: Session): Promise<void> {
  await own.closeAllConnections();
  await own.clearStorageData();
  await Promise.all([own.clearData(), own.clearCache(), own.clearAuthCache(), own.clearHostResolverCache(), own.clearCodeCaches({})]);
  const cookies = await own.cookies.get({});
  if (cookies.length > 0) throw new Error('Cookies stayed in the partition of a web application.');
}
