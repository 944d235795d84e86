/**
 * Durable appends of the real store against bare durable inserts of the same bytes, in turn, so that a slow moment of a shared
 * machine meets both.
 */
import type { AuditStore } from '../../../agent/store/index.ts';
import { lockEvent, storeKit } from '../../audit/store-kit.ts';
import { type BareLog, bareLog } from './bare-log.ts';

const MS = 1_000;

export interface AppendRates {
  /** Events per second, a value a round. */
  readonly appends: readonly number[];
  /** Bare inserts per second, a value a round. */
  readonly inserts: readonly number[];
}

/** @param rounds pairs of runs, after one that warms up @param perRound events in each */
export function measureSingleAppends(rounds: number, perRound: number): Promise<AppendRates> {
  const events = Array.from({ length: perRound }, (_, at) => lockEvent(at));
  return inTurn(rounds, perRound, {
    append: async (store) => {
      for (const event of events) check(await store.append(event));
    },
    insert: (bare) => {
      for (let at = 0; at < perRound; at += 1) bare.insert();
    },
  });
}

/** The same in groups: events that wait together share a commit, as the inserts of one transaction do. */
export function measureGroupedAppends(rounds: number, groups: number, size: number): Promise<AppendRates> {
  const events = Array.from({ length: size }, (_, at) => lockEvent(at));
  return inTurn(rounds, groups * size, {
    append: async (store) => {
      for (let left = groups; left > 0; left -= 1)
        for (const result of await Promise.all(events.map((event) => store.append(event)))) check(result);
    },
    insert: (bare) => {
      for (let left = groups; left > 0; left -= 1) bare.insertGroup(size);
    },
  });
}

interface Work {
  append(store: AuditStore): Promise<void>;
  insert(bare: BareLog): void;
}

async function inTurn(rounds: number, events: number, work: Work): Promise<AppendRates> {
  const kit = await storeKit();
  try {
    const store = await kit.open();
    const bare = bareLog(kit.dir);
    const appends: number[] = [];
    const inserts: number[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const started = performance.now();
      work.insert(bare);
      const between = performance.now();
      await work.append(store);
      const ended = performance.now();
      if (round === 0) continue;
      inserts.push((events * MS) / (between - started));
      appends.push((events * MS) / (ended - between));
    }
    bare.close();
    await store.close();
    return { appends, inserts };
  } finally {
    await kit.remove();
  }
}

/** The events are of class 1: a flood of a lower class is summarised with a count, which would measure nothing. */
function check({ seq }: Awaited<ReturnType<AuditStore['append']>>): void {
  if (seq === null) throw new Error('an event was summarised, not appended');
}
