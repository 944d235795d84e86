import { afterEach, beforeEach, expect, test } from 'vitest';
import { testStore } from '../../test/support/test-store.ts';
import type { Store } from '../store/store.ts';
import { MOST_OF_A_KIND } from './alarms.ts';
import { HASHES_ONLY, keepEvidence, MOST_HASHES, MOST_PIECE_BYTES, MOST_PIECES } from './evidence.ts';

let store: Store;
const seat = 'a'.repeat(32);

beforeEach(async () => {
  store = await testStore();
});
afterEach(() => store.close());

const keep = (bytes: Uint8Array, workstationId = seat) =>
  keepEvidence(store.db, { workstationId, incarnation: 'b'.repeat(16), start: 0, kind: 'X', detail: `of ${bytes.length}`, bytes, at: 5 });
const rows = (workstationId = seat) =>
  store.db.selectFrom('evidence').select(['kind', 'bytes']).where('workstation_id', '=', workstationId).orderBy('kind').execute();
const alarms = () => store.db.selectFrom('alarms').select('kind').orderBy('kind').execute();

test('the same piece is kept once, with one alarm', async () => {
  await keep(Buffer.from('one'));
  await keep(Buffer.from('one'));
  expect(await rows()).toHaveLength(1);
  expect(await alarms()).toEqual([{ kind: 'X' }]);
});

test('past the number of pieces only the newest hashes are kept, with bounded alarms; another seat keeps its own', async () => {
  for (let at = 0; at < MOST_PIECES + MOST_HASHES + 3; at += 1) await keep(Buffer.alloc(1000 + at));
  const kept = await rows();
  expect(kept.map(({ kind }) => kind)).toEqual([HASHES_ONLY, ...Array<string>(MOST_PIECES).fill('X')]);
  expect(kept[0]?.bytes).toHaveLength(MOST_HASHES * 32);
  expect(await alarms()).toEqual([{ kind: 'SEAT_EVIDENCE_FULL' }, ...Array.from({ length: MOST_OF_A_KIND + 1 }, () => ({ kind: 'X' }))]);
  await keep(Buffer.from('one'), 'c'.repeat(32));
  expect((await rows('c'.repeat(32))).map(({ kind }) => kind)).toEqual(['X']);
});

test('past the bytes only the hash is kept, and a piece that is there already is no new one', async () => {
  const large = Buffer.alloc(MOST_PIECE_BYTES - 10);
  await keep(large);
  await keep(Buffer.alloc(11));
  await keep(large);
  expect((await rows()).map(({ kind, bytes }) => [kind, bytes.length])).toEqual([
    [HASHES_ONLY, 32],
    ['X', large.length],
  ]);
  await keep(Buffer.alloc(10));
  expect(await rows()).toHaveLength(3);
});
