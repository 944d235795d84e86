import { describe, expect, test } from 'vitest';
import type { AppUser } from '../port.ts';
import { UserPool } from './user-pool.ts';

const user = (uid: number): AppUser => ({ name: `app-${uid}`, uid, gid: uid });

function poolOf(uids: readonly number[]) {
  const living = new Set<number>();
  const left: number[] = [];
  const sweeps: (() => void)[] = [];
  const pool = new UserPool(uids.map(user), {
    living: async (uid) => (living.has(uid) ? [1_000 + uid] : []),
    end: (uid) => new Promise((resolve) => sweeps.push(() => resolve(!living.has(uid)))),
    onLeft: ({ uid }) => left.push(uid),
  });
  const sweep = async (): Promise<void> => {
    for (const done of sweeps.splice(0)) done();
    await pool.settled();
  };
  return { pool, living, left, sweep };
}

describe('users for applications', () => {
  test('are given in turn, the one that was used last at last', async () => {
    const { pool, sweep } = poolOf([1, 2, 3]);
    const given: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const taken = await pool.take();
      given.push(taken.uid);
      pool.release(taken);
      await sweep();
    }
    expect(given).toEqual([1, 2, 3, 1, 2]);
  });

  test('are never given twice at a time, whoever asks at once', async () => {
    const { pool, living } = poolOf([1, 2, 3]);
    living.add(1);
    const asked = await Promise.allSettled([pool.take(), pool.take(), pool.take()]);
    const given = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value.uid] : []));
    expect(given.toSorted()).toEqual([2, 3]);
  });

  test('are not given while anything of them lives', async () => {
    const { pool, living, left, sweep } = poolOf([1]);
    const first = await pool.take();
    await expect(pool.take()).rejects.toMatchObject({ code: 'LAUNCH_LAYER_FAILED' });
    living.add(1);
    pool.release(first);
    await sweep();
    expect(left).toEqual([1]);
    await expect(pool.take()).rejects.toMatchObject({ code: 'LAUNCH_LAYER_FAILED' });
    living.delete(1);
    expect(await pool.take()).toEqual(user(1));
  });

  test('are waited for while the last one is being cleared', async () => {
    const { pool, sweep } = poolOf([1]);
    pool.release(await pool.take());
    const next = pool.take();
    await sweep();
    expect(await next).toEqual(user(1));
  });
});
