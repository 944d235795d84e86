/**
 * Brings the windows of some processes to the front of a nested display, through its window manager. Run as the user of the screens, with
 * the process ids as arguments. Which window is whose the X server says, not what a window says of itself. Ends with code 3 where
 * they have none.
 */
import koffi from 'koffi';
import { NOTHING_TO_SHOW } from './front-words.ts';
import { atom, closeDisplay, openDisplay, rootOf, tellManager, wordsOf } from './x11.ts';

/** Of the X Resource extension, version 1.2: the local process of a client. */
const PID_MASK = 2;
const SUCCESS = 0;
/** EWMH: the request comes from a pager, that is from a person. */
const FROM_PERSON = 2n;

const xres = koffi.load('libXRes.so.1');
const bind = (definition: string): ((...args: readonly unknown[]) => unknown) => xres.func(definition);
const queryClientIds = bind('int XResQueryClientIds(void *display, long asked, void *specs, _Out_ long *count, _Out_ void **ids)');
const clientPid = bind('int XResGetClientPid(void *id)');
const setErrorHandler = koffi.load('libX11.so.6').func('void *XSetErrorHandler(void *handler)');

const wanted = new Set(process.argv.slice(2).map(Number));
const display = openDisplay();
// A window may go while it is asked about: that one is passed over.
const ignored = koffi.register(() => 0, koffi.pointer(koffi.proto('int wardlockIgnored(void *display, void *event)')));
setErrorHandler(ignored);

// What the window manager manages, from the lowest to the highest: they keep their order among themselves.
const managed = wordsOf(display, rootOf(display), atom(display, '_NET_CLIENT_LIST_STACKING'));
const theirs = managed.filter((window) => wanted.has(pidOf(window)));
const type = atom(display, '_NET_ACTIVE_WINDOW');
for (const window of theirs) tellManager(display, { window: BigInt(window), type, word: FROM_PERSON });
closeDisplay(display);
koffi.unregister(ignored);
process.exitCode = theirs.length === 0 ? NOTHING_TO_SHOW : 0;

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
