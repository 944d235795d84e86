/**
 * Brings the windows of some processes to the front of a nested display, through its window manager. Run as the user of the screens, with
 * the process ids as arguments. Which window is whose the X server says, not what a window says of itself. Ends with code 3 where
 * they have none.
 */
import koffi from 'koffi';

const NOTHING_TO_SHOW = 3;
/** In words of 32 bits: more windows than any person opens. */
const MOST_WINDOWS = 1024;
const ANY_TYPE = 0;
/** Of the X Resource extension, version 1.2: the local process of a client. */
const PID_MASK = 2;
const SUCCESS = 0;

/** Of an XClientMessageEvent, in bytes on a 64-bit system (X11/Xlib.h), and of the event that holds any kind. */
const EVENT = { type: 0, window: 32, messageType: 40, format: 48, data: 56, bytes: 192 } as const;
const CLIENT_MESSAGE = 33;
/** EWMH: the request comes from a pager, that is from a person. */
const FROM_PERSON = 2n;
/** SubstructureRedirect and SubstructureNotify: what a window manager listens for. */
const TO_WINDOW_MANAGER = (1 << 20) | (1 << 19);

const bindTo = (library: string) => {
  const loaded = koffi.load(library);
  return (definition: string): ((...args: readonly unknown[]) => unknown) => loaded.func(definition);
};
const x11 = bindTo('libX11.so.6');
const xres = bindTo('libXRes.so.1');

const openDisplay = x11('void *XOpenDisplay(const char *name)');
const rootWindow = x11('unsigned long XDefaultRootWindow(void *display)');
const internAtom = x11('unsigned long XInternAtom(void *display, const char *name, int onlyIfThere)');
const getProperty = x11(
  'int XGetWindowProperty(void *display, unsigned long window, unsigned long name, long offset, long length, int remove, unsigned long type, _Out_ unsigned long *actualType, _Out_ int *format, _Out_ unsigned long *count, _Out_ unsigned long *left, _Out_ void **value)',
);
const sendEvent = x11('int XSendEvent(void *display, unsigned long window, int propagate, long mask, void *event)');
const setErrorHandler = x11('void *XSetErrorHandler(void *handler)');
const closeDisplay = x11('int XCloseDisplay(void *display)');
const queryClientIds = xres('int XResQueryClientIds(void *display, long asked, void *specs, _Out_ long *count, _Out_ void **ids)');
const clientPid = xres('int XResGetClientPid(void *id)');

const wanted = new Set(process.argv.slice(2).map(Number));
const display = openDisplay(null);
if (display === null) throw new Error('The display does not answer.');
// A window may go while it is asked about: that one is passed over.
const ignored = koffi.register(() => 0, koffi.pointer(koffi.proto('int wardlockIgnored(void *display, void *event)')));
setErrorHandler(ignored);
const root = rootWindow(display);
const activeWindow = internAtom(display, '_NET_ACTIVE_WINDOW', 0);

// From the lowest to the highest: they keep their order among themselves.
const theirs = windows().filter((window) => wanted.has(pidOf(window)));
for (const window of theirs) {
  const event = Buffer.alloc(EVENT.bytes);
  event.writeInt32LE(CLIENT_MESSAGE, EVENT.type);
  event.writeBigUInt64LE(BigInt(window), EVENT.window);
  event.writeBigUInt64LE(BigInt(String(activeWindow)), EVENT.messageType);
  event.writeInt32LE(32, EVENT.format);
  event.writeBigInt64LE(FROM_PERSON, EVENT.data);
  sendEvent(display, root, 0, TO_WINDOW_MANAGER, event);
}
// Closing waits until the server has taken all requests.
closeDisplay(display);
koffi.unregister(ignored);
process.exitCode = theirs.length === 0 ? NOTHING_TO_SHOW : 0;

/** What the window manager manages, from the lowest to the highest. */
function windows(): readonly number[] {
  const list = internAtom(display, '_NET_CLIENT_LIST_STACKING', 0);
  const [type, format, count, left, value]: [number[], number[], number[], number[], unknown[]] = [[0], [0], [0], [0], [null]];
  const result = getProperty(display, root, list, 0, MOST_WINDOWS, 0, ANY_TYPE, type, format, count, left, value);
  if (result !== SUCCESS || format[0] !== 32 || count[0] === 0 || value[0] === null) return [];
  const found: unknown = koffi.decode(value[0], koffi.array('unsigned long', Number(count[0]), 'Array'));
  return Array.isArray(found) ? found.map(Number) : [];
}

/** As the server sees it; 0 where it can't say. */
function pidOf(window: number): number {
  const spec = Buffer.alloc(16);
  spec.writeBigUInt64LE(BigInt(window), 0);
  spec.writeUInt32LE(PID_MASK, 8);
  const count = [0];
  const ids: unknown[] = [null];
  const result = queryClientIds(display, 1, spec, count, ids);
  return result === SUCCESS && count[0] === 1 ? Number(clientPid(ids[0])) : 0;
}
