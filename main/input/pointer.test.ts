import { beforeEach, describe, expect, it } from 'vitest';
import { createPointerWatch } from './pointer.ts';

describe('the watch of the pointer', () => {
  let now = 0;
  let at = { x: 0, y: 0 };
  beforeEach(() => {
    now = 5_000;
    at = { x: 10, y: 10 };
  });
  const watch = () =>
    createPointerWatch(
      () => at,
      () => now,
    );
  const look = (pointer: ReturnType<typeof watch>, x = at.x): number => {
    now += 1_000;
    at = { x, y: 10 };
    return pointer.idleMs();
  };

  it('grows while the pointer lies still, from the start on', () => {
    const pointer = watch();
    expect([look(pointer), look(pointer), look(pointer)]).toEqual([1_000, 2_000, 3_000]);
  });

  it('never says that a movement was later than it can have been', () => {
    const pointer = watch();
    look(pointer);
    look(pointer);
    expect([look(pointer, 11), look(pointer), look(pointer, 12), look(pointer, 13)]).toEqual([1_000, 2_000, 1_000, 1_000]);
  });

  it('sees a movement down as one across', () => {
    const pointer = watch();
    look(pointer);
    at = { x: 10, y: 20 };
    now += 1_000;
    expect(pointer.idleMs()).toBe(1_000);
  });
});
