/**
 * Resizes the inner window of a nested display: the only child of the window that it was embedded in. Run as the user of the
 * screens, with that window's id and the new width and height as arguments.
 */
import koffi from 'koffi';

const x11 = koffi.load('libX11.so.6');
const bind = (definition: string): ((...args: readonly unknown[]) => unknown) => x11.func(definition);
const openDisplay = bind('void *XOpenDisplay(const char *name)');
const queryTree = bind(
  'int XQueryTree(void *display, unsigned long window, _Out_ unsigned long *root, _Out_ unsigned long *parent, _Out_ void **children, _Out_ unsigned int *count)',
);
const resizeWindow = bind('int XResizeWindow(void *display, unsigned long window, unsigned int width, unsigned int height)');
const closeDisplay = bind('int XCloseDisplay(void *display)');

const [windowId, width, height] = process.argv.slice(2).map(Number);
const display = openDisplay(null);
if (display === null) throw new Error('The display does not answer.');
const children: unknown[] = [null];
const count: number[] = [0];
queryTree(display, windowId, [0], [0], children, count);
if (count[0] !== 1) throw new Error(`The window has ${count[0]} windows in it instead of one.`);
resizeWindow(display, koffi.decode(children[0], 'unsigned long'), width, height);
// Closing waits until the server has taken all requests.
closeDisplay(display);
