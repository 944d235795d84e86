/**
 * Ways out that a program can not play on a seat without taking it from somebody, or that need hands: what to do, in plain words.
 * What must be seen is always the same, so it is said once, by whoever prints the list.
 */
import type { DrillCertificate } from '../../contract/drill.ts';

/** What passed means for each of them. */
export const BY_HAND_PASSES =
  'Try each twice, locked and signed in. It passes when no content and no command line shows, the seat is back at its lock or launcher, and its record names what was tried where it can be seen.';

const list: readonly (readonly [number, string])[] = [
  [1, 'Press Alt+F4, Alt+Tab, Alt+Esc and Alt+Space.'],
  [2, 'Press Ctrl+Alt+Del.'],
  [3, 'Press Ctrl+Shift+Esc, then Ctrl+Esc.'],
  [4, 'Press the Super (Windows) key alone, then with R, E, D, L, Tab and X.'],
  [5, 'Press the left Super key five times in a row.'],
  [6, 'Press F11, F12, Ctrl+Shift+I, J and C, Ctrl+R, Ctrl+Shift+R, Ctrl+W and Ctrl+Q.'],
  [7, 'Press Ctrl with N, T, O, S, P, H, L and U, then F1, F3, Shift+F10 and the menu key.'],
  [8, 'Zoom with Ctrl and minus to the smallest, then Ctrl and plus to the largest size: every control must stay within reach.'],
  [10, 'Press Ctrl+Alt+F1 to F12, Alt+SysRq with B and with K, and Ctrl+Alt+Backspace. No console may show and nothing may restart.'],
  [11, 'Change the language on the screen, then press the keys of 1 to 10 once more.'],
  [12, 'Press Shift five times: no question about sticky keys may show.'],
  [14, 'From the lock, press the keys for an on-screen keyboard, a narrator and a magnifier, such as Super+U and Super with plus.'],
  [16, 'Click right and middle, press long, and drag text, pictures and files onto and out of the window.'],
  [17, 'On a touch screen, swipe in from each edge with one, two and three fingers.'],
  [18, 'Start with a second monitor; plug one in during a session; unplug it. While locked every monitor must be covered.'],
  [20, 'Press Print Screen while locked, then paste in a session: nothing of the seat may come out.'],
  [21, 'Make a program of the session show a dialog, then lock: the dialog must lie below the lock.'],
  [22, 'In each web application, look for a way to open or save a file: none may show a folder.'],
  [
    23,
    'Print from a web application where the policy allows it, and from one where it does not: no dialog may show, and only the first may print. Look at what an allowed program offers when it prints: no file and no folder.',
  ],
  [25, 'Choose a file to upload in a web application, then download one: only what the policy allows may happen.'],
  [28, 'Type \\\\server\\share and //server/share into every field that takes text.'],
  [29, 'Type file:, view-source:, data:, javascript:, about:, chrome: and devtools: addresses wherever an address can be typed.'],
  [31, 'Follow a mailto:, a tel: and an unknown kind of link in a web application: no other program may open.'],
  [32, 'Follow links that open a window or leave the application: they must stay within its addresses.'],
  [33, 'Nothing to do by hand: the tests take over a page of the screens and call everything with wild arguments.'],
  [
    34,
    'As the user of the screens, start their program with --inspect=0, with --remote-debugging-port=0 and with ELECTRON_RUN_AS_NODE=1: each ends with code 78.',
  ],
  [43, 'With a reader that types, hold a badge up while a field has the focus, then on the PIN pad: no digit may appear.'],
  [44, 'Lay two cards on the reader at once; leave one on it; tap as fast as you can: at most one session opens.'],
  [45, 'Unplug the reader, plug it in again, stop pcscd: the lock must say what is wrong and take badges again by itself.'],
  [46, 'Plug in a USB stick, then a second keyboard: no file may show, and the keyboard does only what the policy says.'],
  [47, 'As root, kill the screens, the agent and the syncer, one by one and together (kill -9): the seat must come back locked.'],
  [48, 'As root, stop the agent (kill -STOP): the screens must cover everything within seconds. Then kill -CONT.'],
  [52, 'As root, kill the screens while somebody signs in, while a session is taken over, and while the seat locks: never the desktop.'],
  [53, 'As root, set the clock one hour and ten years ahead and back: the seat locks, no waiting time gets shorter, no session revives.'],
  [58, 'Revoke a badge on the server while the seat is offline, then tap it: the seat must say how old its knowledge is.'],
  [59, 'Type wrong PINs for one person at several seats that are offline, then connect them: the limit must hold for the sum.'],
  [60, 'Copy text, download a file and sign in to a web application; let another person take over: nothing of it may be left.'],
  [61, 'Two people tap at two readers in the same moment: exactly one session opens.'],
  [62, 'Lay a weight on a key, use a mouse jiggler, play a video: the seat must warn and lock as its policy says.'],
  [64, 'Open an application that always stays on top, then lock: nothing of it may show over the lock.'],
];

export const byHand: DrillCertificate['byHand'] = list.map(([escape, todo]) => ({ escape, todo }));
