/**
 * The requests of Xlib that stand between the keyboard and one window: every key that would go there comes here first, and goes on
 * from here. Owns the grabs; must never keep the keyboard while no key is down, nor when the window is not the one that has the keys.
 */
import koffi from 'koffi';
import type { TypedKey } from './key-kind.ts';
import { openDisplay, type X11Display } from './x11.ts';

const bound = (library: string) => {
  const loaded = koffi.load(library);
  return (definition: string): ((...args: readonly unknown[]) => unknown) => loaded.func(definition);
};
const x11 = bound('libX11.so.6');
const grabKey = x11(
  'int XGrabKey(void *display, int code, unsigned int modifiers, unsigned long window, int ownerEvents, int pointer, int keyboard)',
);
const grabKeyboard = x11(
  'int XGrabKeyboard(void *display, unsigned long window, int ownerEvents, int pointer, int keyboard, unsigned long time)',
);
const ungrabKeyboard = x11('int XUngrabKeyboard(void *display, unsigned long time)');
const allowEvents = x11('int XAllowEvents(void *display, int mode, unsigned long time)');
const selectInput = x11('int XSelectInput(void *display, unsigned long window, long mask)');
const queued = x11('int XEventsQueued(void *display, int mode)');
const nextEvent = x11('int XNextEvent(void *display, void *event)');
const peekEvent = x11('int XPeekEvent(void *display, void *event)');
const lookup = x11('int XLookupString(void *event, void *text, int room, _Out_ unsigned long *symbol, void *state)');
const sendEvent = x11('int XSendEvent(void *display, unsigned long window, int propagate, long mask, void *event)');
const queryTree = x11(
  'int XQueryTree(void *display, unsigned long window, _Out_ unsigned long *root, _Out_ unsigned long *parent, _Out_ void **children, _Out_ unsigned int *count)',
);
const free = x11('int XFree(void *memory)');
const flush = x11('int XFlush(void *display)');
const sync = x11('int XSync(void *display, int discard)');
const socketOf = x11('int XConnectionNumber(void *display)');
const setErrorHandler = x11('void *XSetErrorHandler(void *handler)');
const poll = bound('libc.so.6')('int poll(void *files, unsigned long count, int milliseconds)');

/** X11/X.h. */
const [ANY_KEY, ANY_MODIFIER, CURRENT_TIME] = [0, 1 << 15, 0];
const [GRAB_SYNC, GRAB_ASYNC, GRABBED] = [0, 1, 0];
const ALLOW_KEYBOARD = 3;
const ALREADY_AND_READ = 1;
const [KEY_PRESS, KEY_RELEASE, FOCUS_OUT, DESTROY_NOTIFY] = [2, 3, 10, 17];
const [PRESS_MASK, RELEASE_MASK, FOCUS_MASK, STRUCTURE_MASK] = [1 << 0, 1 << 1, 1 << 21, 1 << 17];
/** XErrorEvent: which error it is. A grab that somebody else has already is refused access. */
const ERROR_CODE = 32;
const BAD_ACCESS = 10;
/** The guard of the session before may still be ending. */
const [GRAB_TRIES, GRAB_PAUSE_MS] = [200, 20];
/** Focus that comes and goes with a grab, ours among them, says nothing of where it is. */
const BY_GRAB: ReadonlySet<number> = new Set([1, 2]);
/** Focus that went to a window within, and what is told of the window under the pointer. */
const NOT_AWAY: ReadonlySet<number> = new Set([2, 5]);
/** XKeyEvent, XFocusChangeEvent (X11/Xlib.h), in bytes on a 64-bit system. */
const EVENT = { type: 0, window: 32, time: 56, state: 80, code: 84, focusMode: 40, focusDetail: 44, bytes: 192 } as const;
const TEXT_ROOM = 16;
/** struct pollfd: the file, what is waited for, what there is. */
const POLL = { bytes: 8, wanted: 4, found: 6, readable: 1, any: 0x19 } as const;

export interface Key extends TypedKey {
  readonly is: 'press' | 'release';
  readonly code: number;
  /** Milliseconds of the display's clock. */
  readonly time: number;
  /** As it came. */
  readonly event: Buffer;
}

export type Happening = Key | { readonly is: 'left' | 'gone' };

/** The keys of one window of the display of the environment. */
export class WindowKeys {
  readonly #display: X11Display = openDisplay();
  readonly #window: number;
  readonly #polled = Buffer.alloc(2 * POLL.bytes);
  #isGrabbed = false;

  /** @param window its XID */
  constructor(window: number) {
    this.#window = window;
    let isRefused = false;
    const onError = (_display: unknown, error: unknown): number => {
      // Of the others none matters: a window may go while it is asked about, and its end is told all the same.
      if (koffi.decode(error, ERROR_CODE, 'uint8') === BAD_ACCESS) isRefused = true;
      return 0;
    };
    setErrorHandler(koffi.register(onError, koffi.pointer(koffi.proto('int wardlockRefused(void *display, void *error)'))));
    selectInput(this.#display, window, FOCUS_MASK | STRUCTURE_MASK);
    for (let left = GRAB_TRIES; ; left -= 1) {
      isRefused = false;
      // The keyboard waits at each first key until it is held: no key of a burst passes by.
      grabKey(this.#display, ANY_KEY, ANY_MODIFIER, window, 0, GRAB_ASYNC, GRAB_SYNC);
      sync(this.#display, 0);
      if (!isRefused) break;
      if (left === 0) throw new Error('Another program has the keys of this window.');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GRAB_PAUSE_MS);
    }
    this.#polled.writeInt32LE(Number(socketOf(this.#display)), 0);
    this.#polled.writeInt16LE(POLL.readable, POLL.wanted);
    this.#polled.writeInt32LE(0, POLL.bytes);
    this.#polled.writeInt16LE(POLL.readable, POLL.bytes + POLL.wanted);
  }

  /** Waits for the display, for the standard input, or so long; whether there is something on the standard input. -1: without a limit. */
  wait(milliseconds: number): boolean {
    if (queued(this.#display, ALREADY_AND_READ) !== 0) return false;
    this.#polled.writeInt16LE(0, POLL.bytes + POLL.found);
    poll(this.#polled, 2, milliseconds);
    return (this.#polled.readInt16LE(POLL.bytes + POLL.found) & POLL.any) !== 0;
  }

  /** What has happened, one after the other, until there is nothing more. */
  next(): Happening | undefined {
    while (Number(queued(this.#display, ALREADY_AND_READ)) > 0) {
      const event = Buffer.alloc(EVENT.bytes);
      nextEvent(this.#display, event);
      const happening = this.#read(event);
      if (happening !== undefined) return happening;
    }
    return undefined;
  }

  /** Takes the press that repeats a key which stays down: the display sends it together with a release. */
  takeRepeat(release: Key): Key | undefined {
    if (Number(queued(this.#display, ALREADY_AND_READ)) === 0) return undefined;
    const event = Buffer.alloc(EVENT.bytes);
    peekEvent(this.#display, event);
    if (event.readInt32LE(EVENT.type) !== KEY_PRESS) return undefined;
    const press = keyOf(event, 'press');
    if (press.code !== release.code || press.time !== release.time) return undefined;
    nextEvent(this.#display, event);
    return press;
  }

  /** Sends a key to what shows in the window, or to the window itself. */
  forward({ is, event }: Key): void {
    const target = this.#child() ?? this.#window;
    event.writeBigUInt64LE(BigInt(target), EVENT.window);
    sendEvent(this.#display, target, 0, is === 'press' ? PRESS_MASK : RELEASE_MASK, event);
    flush(this.#display);
  }

  /** Lets the keyboard go: the next key is waited for again. */
  letGo(): void {
    if (!this.#isGrabbed) return;
    this.#isGrabbed = false;
    ungrabKeyboard(this.#display, CURRENT_TIME);
    flush(this.#display);
  }

  #read(event: Buffer): Happening | undefined {
    switch (event.readInt32LE(EVENT.type)) {
      case KEY_PRESS:
        this.#hold();
        return keyOf(event, 'press');
      case KEY_RELEASE:
        return keyOf(event, 'release');
      case FOCUS_OUT:
        return BY_GRAB.has(event.readInt32LE(EVENT.focusMode)) || NOT_AWAY.has(event.readInt32LE(EVENT.focusDetail))
          ? undefined
          : { is: 'left' };
      case DESTROY_NOTIFY:
        return { is: 'gone' };
      default:
        return undefined;
    }
  }

  /** From the first key that is down to the last that goes up, so that no release of one passes by another that is held back. */
  #hold(): void {
    if (this.#isGrabbed) return;
    this.#isGrabbed = grabKeyboard(this.#display, this.#window, 0, GRAB_ASYNC, GRAB_ASYNC, CURRENT_TIME) === GRABBED;
    if (!this.#isGrabbed) allowEvents(this.#display, ALLOW_KEYBOARD, CURRENT_TIME);
  }

  #child(): number | undefined {
    const [root, parent, children, count]: [number[], number[], unknown[], number[]] = [[0], [0], [null], [0]];
    queryTree(this.#display, this.#window, root, parent, children, count);
    const [list] = children;
    if (list === null || list === undefined) return undefined;
    const found: unknown = koffi.decode(list, koffi.array('unsigned long', Number(count[0]), 'Array'));
    free(list);
    // The last one is the highest.
    return Array.isArray(found) ? Number(found.at(-1)) : undefined;
  }
}

/** A key that goes up, made from its going down. */
export function releaseOf({ event, ...press }: Key): Key {
  const release = Buffer.from(event);
  release.writeInt32LE(KEY_RELEASE, EVENT.type);
  return { ...press, is: 'release', event: release };
}

function keyOf(event: Buffer, is: Key['is']): Key {
  const symbol = [0];
  const text = Buffer.alloc(TEXT_ROOM);
  const length = Number(lookup(event, text, TEXT_ROOM, symbol, null));
  return {
    is,
    code: event.readUInt32LE(EVENT.code),
    time: Number(event.readBigUInt64LE(EVENT.time)),
    symbol: Number(symbol[0]),
    text: text.toString('latin1', 0, length),
    modifiers: event.readUInt32LE(EVENT.state),
    event,
  };
}
