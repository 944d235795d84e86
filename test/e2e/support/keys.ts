/**
 * Real keys on a display, as a keyboard or a badge reader gives them: they pass the window system and whatever Electron does
 * with them. Needs Debian's xdotool.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ElectronApplication } from 'playwright';
import type { Display } from '../../../demo/display.ts';

const run = promisify(execFile);

/** What a scanner leaves between two keys, in milliseconds. */
const SCANNER_GAP_MS = 4;
/** What a quick typist leaves. */
const PERSON_GAP_MS = 120;

type Place = Pick<Display, 'name' | 'authority'>;

async function xdotool(display: Place, args: readonly string[]): Promise<string> {
  const { stdout } = await run('xdotool', [...args], {
    env: { PATH: '/usr/bin:/bin', DISPLAY: display.name, XAUTHORITY: display.authority },
  });
  return stdout;
}

/**
 * A tap with a keyboard-wedge reader: the number as fast as a reader types it, then Enter. The keys come from another process:
 * on a busy machine one of them may come late, and then it was no tap.
 */
export async function tapByWedge(display: Place, number: string): Promise<void> {
  await xdotool(display, ['type', '--delay', String(SCANNER_GAP_MS), `${number}\n`]);
}

/** The same without the window system: keys that come at once, whatever else the machine does. */
export async function burst(app: ElectronApplication, keys: string): Promise<void> {
  await app.evaluate(({ BrowserWindow }, typed) => {
    const contents = BrowserWindow.getAllWindows()[0]?.webContents;
    for (const keyCode of typed) contents?.sendInputEvent({ type: 'keyDown', keyCode });
    contents?.sendInputEvent({ type: 'keyDown', keyCode: 'Enter' });
  }, keys);
}

/**
 * Types as a person does, who looks at what is there: the next key comes once `shown` has seen those before it. On a busy machine keys
 * that nobody waits for could come all at once, as a badge does.
 */
export async function typeByHand(display: Place, text: string, shown: (typed: string) => Promise<void>): Promise<void> {
  let typed = '';
  for (const key of text) {
    await xdotool(display, ['type', '--delay', String(PERSON_GAP_MS), key]);
    typed += key;
    await shown(typed);
  }
}

/** Types at a person's pace without looking at what is there. */
export async function typeBlindly(display: Place, text: string): Promise<void> {
  await xdotool(display, ['type', '--delay', String(PERSON_GAP_MS), text]);
}

/** Presses a chord such as `ctrl+shift+i`. */
export async function press(display: Place, chord: string): Promise<void> {
  await xdotool(display, ['key', '--clearmodifiers', chord]);
}

/** Holds a key down, which then repeats, while `meanwhile` looks; lets it go whatever that found. */
export async function hold(display: Place, key: string, meanwhile: () => Promise<void>): Promise<void> {
  await xdotool(display, ['keydown', key]);
  try {
    await meanwhile();
  } finally {
    await xdotool(display, ['keyup', key]);
  }
}

/** Moves the pointer a little there, as a hand does. */
export async function point(display: Place, x: number, y: number): Promise<void> {
  for (const step of [0, 3, 6]) await xdotool(display, ['mousemove', String(x + step), String(y)]);
}

/** Presses the left button there. */
export async function click(display: Place, x: number, y: number): Promise<void> {
  await xdotool(display, ['mousemove', String(x), String(y), 'click', '1']);
}

/** The name of the window that has the keyboard, as the X server says. */
export async function focusedWindow(display: Place): Promise<string> {
  return (await xdotool(display, ['getwindowfocus', 'getwindowname'])).trim();
}
