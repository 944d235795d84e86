/**
 * The few requests of Xlib that the small programs on a nested display make of its window manager. Only such a program loads this: the
 * agent itself never connects to a display that applications draw on.
 */
import koffi from 'koffi';

/** A connection to a display. */
export type X11Display = unknown;

export interface WindowMessage {
  readonly window: bigint;
  /** The atom that says what is asked. */
  readonly type: bigint;
  /** The first of its five words. */
  readonly word?: bigint;
}

const x11 = koffi.load('libX11.so.6');
const bind = (definition: string): ((...args: readonly unknown[]) => unknown) => x11.func(definition);
const open = bind('void *XOpenDisplay(const char *name)');
const defaultRoot = bind('unsigned long XDefaultRootWindow(void *display)');
const intern = bind('unsigned long XInternAtom(void *display, const char *name, int onlyIfThere)');
const getProperty = bind(
  'int XGetWindowProperty(void *display, unsigned long window, unsigned long name, long offset, long length, int remove, unsigned long type, _Out_ unsigned long *actualType, _Out_ int *format, _Out_ unsigned long *count, _Out_ unsigned long *left, _Out_ void **value)',
);
const sendEvent = bind('int XSendEvent(void *display, unsigned long window, int propagate, long mask, void *event)');
const createWindow = bind(
  'unsigned long XCreateSimpleWindow(void *display, unsigned long parent, int x, int y, unsigned int width, unsigned int height, unsigned int border, unsigned long borderColour, unsigned long colour)',
);
const sync = bind('int XSync(void *display, int discard)');
const close = bind('int XCloseDisplay(void *display)');

const SUCCESS = 0;
const ANY_TYPE = 0;
/** Properties of words of 32 bits, which Xlib hands out as longs. */
const WORDS = 32;
/** More than a list of all the windows that any person opens. */
const MOST_WORDS = 1024;

/** Of an XClientMessageEvent, in bytes on a 64-bit system (X11/Xlib.h), and of the event that holds any kind. */
const EVENT = { type: 0, window: 32, messageType: 40, format: 48, data: 56, bytes: 192 } as const;
const CLIENT_MESSAGE = 33;
/** SubstructureRedirect and SubstructureNotify: what a window manager listens for. */
const TO_WINDOW_MANAGER = (1 << 20) | (1 << 19);

/** Connects to the display of the environment. */
export function openDisplay(): X11Display {
  const display = open(null);
  if (display === null) throw new Error('The display does not answer.');
  return display;
}

/** Closing waits until the server has taken all requests. */
export function closeDisplay(display: X11Display): void {
  close(display);
}

export function rootOf(display: X11Display): bigint {
  return BigInt(String(defaultRoot(display)));
}

export function atom(display: X11Display, name: string): bigint {
  return BigInt(String(intern(display, name, 0)));
}

/** A window that is never shown. It goes with the connection. */
export function hiddenWindow(display: X11Display): bigint {
  return BigInt(String(createWindow(display, rootOf(display), 0, 0, 1, 1, 0, 0, 0)));
}

/** Asks the window manager for something, and returns when the server has taken the request. */
export function tellManager(display: X11Display, { window, type, word = 0n }: WindowMessage): void {
  const event = Buffer.alloc(EVENT.bytes);
  event.writeInt32LE(CLIENT_MESSAGE, EVENT.type);
  event.writeBigUInt64LE(window, EVENT.window);
  event.writeBigUInt64LE(type, EVENT.messageType);
  event.writeInt32LE(WORDS, EVENT.format);
  event.writeBigUInt64LE(word, EVENT.data);
  sendEvent(display, rootOf(display), 0, TO_WINDOW_MANAGER, event);
  sync(display, 0);
}

/** The words of a window's property; none where the window has no such property. */
export function wordsOf(display: X11Display, window: bigint, property: bigint): readonly number[] {
  const [type, format, count, left, value]: [number[], number[], number[], number[], unknown[]] = [[0], [0], [0], [0], [null]];
  const result = getProperty(display, window, property, 0, MOST_WORDS, 0, ANY_TYPE, type, format, count, left, value);
  if (result !== SUCCESS || format[0] !== WORDS || count[0] === 0 || value[0] === null) return [];
  const found: unknown = koffi.decode(value[0], koffi.array('unsigned long', Number(count[0]), 'Array'));
  return Array.isArray(found) ? found.map(Number) : [];
}
