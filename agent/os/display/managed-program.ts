/**
 * Ends when the window manager of a nested display does its work. Run as the user of the screens; whoever runs it sets the limit.
 *
 * A window manager takes the display some 30 ms before it reads what it is told, and openbox forgets what comes in between: the window
 * of an application that is quicker would stay hidden for good. That a manager runs, or says so on the root window, is therefore not
 * enough. Asked for the frame of a window that is never shown (EWMH, _NET_REQUEST_FRAME_EXTENTS) it answers when it reads; what it
 * forgot is asked again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { atom, closeDisplay, hiddenWindow, openDisplay, tellManager, wordsOf } from './x11.ts';

const POLL_MS = 10;

const display = openDisplay();
const window = hiddenWindow(display);
const type = atom(display, '_NET_REQUEST_FRAME_EXTENTS');
const answer = atom(display, '_NET_FRAME_EXTENTS');
do {
  tellManager(display, { window, type });
  await sleep(POLL_MS);
} while (wordsOf(display, window, answer).length === 0);
closeDisplay(display);
