/** What of the simulated seats' entries lies in the server's database, and how often: told by their hashes, not by the seats. */
import type { Kysely } from 'kysely';
import type { Tables } from '../../server/store/schema.ts';
import type { SimRecord } from './record.ts';

const HASH_BYTES = 32;

export interface Judgement {
  readonly events: number;
  /** Entries of the seats that are not stored. */
  readonly lost: number;
  /** Entries that are stored more than once, or at a place that is not theirs. */
  readonly twice: number;
}

export async function judgeStored(db: Kysely<Tables>, seats: readonly Pick<SimRecord, 'workstationId' | 'log'>[]): Promise<Judgement> {
  let [events, lost, twice] = [0, 0, 0];
  for (const seat of seats) {
    const rows = await db
      .selectFrom('segments')
      .select(['start', 'leaf_hashes'])
      .where('workstation_id', '=', seat.workstationId)
      .orderBy('start')
      .execute();
    const times = new Map<string, number>();
    const { leaves } = seat.log;
    for (const { start, leaf_hashes } of rows) {
      for (let at = 0; at < leaf_hashes.length / HASH_BYTES; at += 1) {
        const hash = idOf(leaf_hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
        const atItsPlace = hash === idOf(leaves[Number(start) + at] ?? new Uint8Array());
        times.set(hash, (times.get(hash) ?? 0) + 1);
        if (!atItsPlace || (times.get(hash) ?? 0) > 1) twice += 1;
      }
    }
    events += leaves.length;
    lost += leaves.filter((leaf) => !times.has(idOf(leaf))).length;
  }
  return { events, lost, twice };
}

function idOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('latin1');
}
