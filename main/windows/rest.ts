/**
 * Gives back what a session left in memory: once, when the seat has been locked for a while, it lets V8 collect in the seat's
 * page and in this process, and later Chromium drop the picture of the screen before. It must never run while somebody is about to
 * get in, and needs no answer: what fails is simply kept.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WebContents } from 'electron';

/** Whoever left, or comes in right behind somebody, has tapped by then. */
const REST_AFTER_MS = 3_000;
/** The lock's drawing of a badge moves for 5.2 s, and Chromium lets go of the pieces of a picture 5 s after that. */
const REDRAW_AFTER_MS = 11_000;
/** One point of the page, as good as unseen, is there for a frame. Larger, it would leave more pieces behind than it clears away. */
const REDRAW = `(() => {
  const point = document.createElement('i');
  Object.assign(point.style, { position: 'absolute', top: '0', left: '0', width: '1px', height: '1px', background: 'rgb(0 0 0 / 1%)' });
  document.body.append(point);
  requestAnimationFrame(() => requestAnimationFrame(() => point.remove()));
})()`;
const PROTOCOL_VERSION = '1.3';

export interface Rest {
  /** Told at every change whether the seat is locked and nobody is on the way in. */
  locked(is: boolean): void;
}

export function createRest(page: WebContents): Rest {
  let timers: readonly NodeJS.Timeout[] = [];
  let isLocked = false;
  const rest = (): void => {
    if (page.isDestroyed()) return;
    void collectInPage(page).catch(keep);
    collectHere();
  };
  // The process that puts the windows together hears of what the page let go of with its next frame: a lock at rest draws none.
  const redraw = (): void => {
    if (!page.isDestroyed()) page.executeJavaScript(REDRAW).catch(keep);
  };
  return {
    locked(is) {
      if (is === isLocked) return;
      isLocked = is;
      for (const timer of timers) clearTimeout(timer);
      timers = is ? [setTimeout(rest, REST_AFTER_MS).unref(), setTimeout(redraw, REDRAW_AFTER_MS).unref()] : [];
    },
  };
}

/** The inspection protocol, inside this process: a switch that gives `gc` to pages would give it to web apps as well. */
async function collectInPage({ debugger: protocol }: WebContents): Promise<void> {
  if (protocol.isAttached()) return;
  protocol.attach(PROTOCOL_VERSION);
  try {
    await protocol.sendCommand('HeapProfiler.collectGarbage');
  } finally {
    if (protocol.isAttached()) protocol.detach();
  }
}

let collect: unknown;

/** V8 hands its collector only to contexts that are made after the flag is set: this one is, and holds nothing else. */
function collectHere(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc');
    setFlagsFromString('--no-expose-gc');
  }
  if (typeof collect === 'function') Reflect.apply(collect, undefined, [{ type: 'major', execution: 'sync', flavor: 'last-resort' }]);
}

/** A page that is just going, or a protocol that is in use: the next lock tries again. */
function keep(): void {}
