/**
 * Stands before the keys of the window in which applications show, and keeps there what a badge reader types. Run as the user of
 * the screens, with the window and the rhythm as arguments; says on its output what it read, and ends with whoever started it. One
 * loop that waits in the kernel, so that a key is answered at once and nothing runs in between.
 */
import { readSync, writeSync } from 'node:fs';
import { HeldKeys } from '../../../core/reader/held-keys.ts';
import { gateArguments, type Said } from './key-gate-words.ts';
import { isBarKey, wedgeKeyOf } from './key-kind.ts';
import { type Key, releaseOf, WindowKeys } from './x11-keys.ts';

const [INPUT, OUTPUT] = [0, 1];
const NO_LIMIT = -1;

const { window, rhythm } = gateArguments(process.argv.slice(2));
const keys = new WindowKeys(window);
const held = new HeldKeys<Key>({
  forward: (key) => keys.forward(key),
  badge: (number) => say({ is: 'badge', number }),
  rhythm: () => rhythm,
});
/** The keys that are down, with their last press. */
const down = new Map<number, Key>();
/** The display's clock at the last key, and this process's. */
let [lastTime, lastAt] = [0, 0];

say({ is: 'ready' });
while (turn());

/** False when there is nothing left to stand before. */
function turn(): boolean {
  const { due } = held;
  if (keys.wait(due === null ? NO_LIMIT : Math.max(0, Math.ceil(due - time()))) && !answered()) return false;
  for (let happening = keys.next(); happening !== undefined; happening = keys.next()) {
    if (happening.is === 'gone') return false;
    if ('code' in happening) take(happening);
    else leave();
  }
  if (held.due !== null && time() >= held.due) held.elapsed(time());
  if (down.size === 0 && held.isEmpty) keys.letGo();
  return true;
}

function take(key: Key): void {
  [lastTime, lastAt] = [key.time, performance.now()];
  if (key.is === 'press') {
    down.set(key.code, key);
    if (isBarKey(key)) {
      held.keep(key.code);
      say({ is: 'bar' });
    } else held.press(key.code, wedgeKeyOf(key), key, key.time);
    return;
  }
  const again = keys.takeRepeat(key);
  if (again !== undefined) held.repeat(key.code, [key, again], key.time);
  else {
    down.delete(key.code);
    held.release(key.code, key);
  }
}

/** The seat shows something else: the keyboard is free at once, and what is still down on it goes up here, or it would repeat itself unseen. */
function leave(): void {
  held.leave();
  for (const key of down.values()) held.release(key.code, releaseOf(key));
  down.clear();
  keys.letGo();
}

/** Milliseconds of the display's clock, now. */
function time(): number {
  return lastTime + performance.now() - lastAt;
}

/** False when whoever started this is gone. */
function answered(): boolean {
  if (readSync(INPUT, Buffer.alloc(64)) === 0) return false;
  say({ is: 'here' });
  return true;
}

function say(said: Said): void {
  writeSync(OUTPUT, `${JSON.stringify(said)}\n`);
}
