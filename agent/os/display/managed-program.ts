/**
 * Ends when the window manager of a nested display does its work. Run as the user of the screens by whoever sets the limit, and ends by
 * itself a little later, should that one have died.
 *
 * A window manager takes the display some 30 ms before it reads what it is told, and openbox forgets what comes in between: the window
 * of an application that is quicker would stay hidden for good. That a manager runs, or says so on the root window, is therefore not
 * enough. Asked for the frame of a window that is never shown (EWMH, _NET_REQUEST_FRAME_EXTENTS) it answers when it reads; what it
 * forgot is asked again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { atom, closeDisplay, hiddenWindow, openDisplay, tellManager, wordsOf } from './x11.ts';

const POLL_MS = 10;
const MOST_POLLS = 2_000;

const display = openDisplay();
const window = hiddenWindow(display);
const type = atom(display, '_NET_REQUEST_FRAME_EXTENTS');
const answer = atom(display, '_NET_FRAME_EXTENTS');
for (let polls = 0; wordsOf(display, window, answer).length === 0; polls += 1) {
  if (polls === MOST_POLLS) throw new Error('No window manager answers.');
  tellManager(display, { window, type });
  await sleep(POLL_MS);
}
closeDisplay(display);
