/**
 * A keyboard reader in front of a native application, for real: real keys of the X server, the nested display that applications have, and
 * a window in it that says which keys reached it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyGate } from '../../agent/os/display/key-gate.ts';
import { type NestedDisplay, startNestedDisplay } from '../../agent/os/display/nested.ts';
import type { WedgeRhythm } from '../../core/reader/wedge.ts';
import { processesByLine } from '../support/processes.ts';
import { pressKeys, startTestDisplay, type TestDisplay, whileKeyIsDown, XClient } from '../support/x-display.ts';

const AREA = { x: 0, y: 0, width: 640, height: 400 };
const ELSEWHERE = { x: 650, y: 0, width: 100, height: 100 };
/** As wide as a policy may make it: a busy machine may hold a key back for a moment. */
const WIDE: WedgeRhythm = { minLength: 6, medianGapMs: 50, maxGapMs: 150, endGapMs: 500, terminator: 'enter' };
const READER_GAP_MS = 4;
const PERSON_GAP_MS = 300;
/** Far longer than it takes to stand before keys that nobody has. */
const GUARDED_MS = 1_500;
const NUMBER = '04A1b2C3D4';
const SEEN = { timeout: 10_000 };

let folder = '';
let outer: TestDisplay;
let screens: XClient;
let windowId = 0;
let nested: NestedDisplay;
let gate: KeyGate;
let application: Watched;
const read: (string | null)[] = [];
const warned: string[] = [];
let asked = 0;

beforeEach(async () => {
  read.length = 0;
  warned.length = 0;
  asked = 0;
  folder = await mkdtemp(join(tmpdir(), 'wl-key-gate-'));
  outer = await startTestDisplay(800, 480);
  screens = new XClient(outer.name, outer.xauthority);
  windowId = screens.window(AREA);
  const surface = { display: outer.name, xauthority: outer.xauthority, windowId, ...AREA };
  nested = await startNestedDisplay({ surface, authFolder: folder });
  gate = await KeyGate.open({
    surface,
    rhythm: WIDE,
    onBadge: (number) => read.push(number),
    onBar: () => {
      asked += 1;
    },
    warn: (message) => warned.push(message),
  });
  application = await watchKeys(nested.name, nested.xauthority, AREA);
  screens.enter(windowId);
});

afterEach(async () => {
  gate.end();
  application.end();
  await nested.end();
  screens.close();
  await outer.close();
  await rm(folder, { recursive: true, force: true });
});

interface Watched {
  /** Such as `+a` and `-a`, in the order in which they came. */
  readonly keys: string[];
  end(): void;
}

/** A window that fills the place and tells of each key that reaches it. */
async function watchKeys(display: string, xauthority: string, { x, y, width, height }: typeof AREA): Promise<Watched> {
  const env = { DISPLAY: display, XAUTHORITY: xauthority, PATH: '/usr/bin:/bin' };
  const args = ['-oL', 'xev', '-event', 'keyboard', '-event', 'visibility', '-geometry', `${width}x${height}+${x}+${y}`];
  const child: ChildProcess = spawn('stdbuf', args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const keys: string[] = [];
  const shown = Promise.withResolvers<void>();
  let sign = '';
  if (child.stdout === null) throw new TypeError('xev was started without its pipe');
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('VisibilityNotify')) shown.resolve();
    if (line.startsWith('KeyPress')) sign = '+';
    if (line.startsWith('KeyRelease')) sign = '-';
    const name = /keysym 0x[0-9a-f]+, (\w+)/u.exec(line)?.[1];
    if (name !== undefined) keys.push(sign + name);
  });
  await shown.promise;
  return { keys, end: () => void child.kill('SIGKILL') };
}

const type = (text: string, gapMs: number): void => {
  const env = { DISPLAY: outer.name, XAUTHORITY: outer.xauthority, PATH: '/usr/bin:/bin' };
  execFileSync('xdotool', ['type', '--delay', String(gapMs), text], { env });
};
/** A key goes down and up again; which level it is on is told beside it, and may have changed by then. */
const strokes = (...keys: readonly string[]): readonly string[] => keys.flatMap((key) => [`+${key}`, `-${key}`]);
const withoutLevels = (): readonly string[] =>
  application.keys.filter((key) => !key.endsWith('Shift_L')).map((key) => (key.length === 2 ? key.toLowerCase() : key));

/** The programs before the keys of this test's window. */
const gates = (): readonly number[] => processesByLine(`key-gate-program.ts ${windowId} `);

function theGate(): number {
  const [pid, ...more] = gates();
  if (pid === undefined || more.length > 0) throw new Error('exactly one program before the keys was expected');
  return pid;
}

test('escape 43 in session: what a keyboard reader types into a native application is a badge there, and no key of it arrives', async () => {
  type(`${NUMBER}\n`, READER_GAP_MS);
  await expect.poll(() => read, SEEN).toEqual([NUMBER]);
  type('ok', PERSON_GAP_MS);
  await expect.poll(withoutLevels, SEEN).toEqual(strokes('o', 'k'));
});

test('a person’s keys arrive as they were typed, chords and keys that repeat themselves too, and Shift never stays down', async () => {
  type('Wound 7', PERSON_GAP_MS);
  await expect.poll(withoutLevels, SEEN).toEqual(strokes('w', 'o', 'u', 'n', 'd', 'space', '7'));
  expect(application.keys.filter((key) => key === '+Shift_L')).toHaveLength(application.keys.filter((key) => key === '-Shift_L').length);
  application.keys.length = 0;
  pressKeys(outer, ['ctrl+c', 'F5', 'Return']);
  await expect.poll(() => application.keys, SEEN).toEqual(['+Control_L', '+c', '-Control_L', '-c', ...strokes('F5', 'Return')]);
  application.keys.length = 0;
  await whileKeyIsDown(outer, 'z', () => expect.poll(() => application.keys.filter((key) => key === '+z').length, SEEN).toBeGreaterThan(3));
  await expect.poll(() => application.keys.at(-1), SEEN).toBe('-z');
  expect(read).toEqual([]);
});

test('more than any badge has is swallowed whole and told', async () => {
  type(`${'7'.repeat(80)}\n`, READER_GAP_MS);
  await expect.poll(() => read, SEEN).toEqual([null]);
  expect(application.keys).toEqual([]);
});

test('the Super key asks for the session bar and is not the application’s', async () => {
  pressKeys(outer, ['Super_L', 'F2']);
  await expect.poll(() => application.keys, SEEN).toEqual(strokes('F2'));
  expect(asked).toBe(1);
});

test('a key that stays down does not keep the keyboard from what is shown next', async () => {
  const other = await watchKeys(outer.name, outer.xauthority, ELSEWHERE);
  const env = { DISPLAY: outer.name, XAUTHORITY: outer.xauthority, PATH: '/usr/bin:/bin' };
  const place = execFileSync('xdotool', ['search', '--name', 'Event Tester'], { env, encoding: 'utf8' }).trim();
  await whileKeyIsDown(outer, 'z', async () => {
    await expect.poll(() => application.keys, SEEN).toContain('+z');
    screens.enter(Number(place));
    const typed = (): readonly string[] => {
      type('k', 0);
      return other.keys;
    };
    await expect.poll(typed, SEEN).toContain('+k');
    // And it does not go on repeating itself unseen.
    expect(application.keys.at(-1)).toBe('-z');
  });
  other.end();
});

test('the program before the keys is started again when it was killed, and when it hangs with the keyboard in its hands', async () => {
  const first = theGate();
  process.kill(first, 'SIGKILL');
  await expect.poll(() => warned, SEEN).toEqual(['the program before the keys ended and is started again']);
  await expect.poll(() => gates().filter((pid) => pid !== first), SEEN).toHaveLength(1);
  await expect
    .poll(() => {
      type(`${NUMBER}\n`, READER_GAP_MS);
      return read.length;
    }, SEEN)
    .toBeGreaterThan(0);
  process.kill(theGate(), 'SIGSTOP');
  type('a', PERSON_GAP_MS);
  await expect.poll(() => warned, { timeout: 30_000 }).toContain('the program before the keys does not answer and is ended');
  application.keys.length = 0;
  await expect
    .poll(() => {
      type('b', PERSON_GAP_MS);
      return application.keys;
    }, SEEN)
    .toContain('+b');
});

test('the guard of the next session takes over from one that is still ending', async () => {
  const former = gate;
  const opening = KeyGate.open({
    surface: { display: outer.name, xauthority: outer.xauthority, windowId, ...AREA },
    rhythm: WIDE,
    onBadge: (number) => read.push(number),
    onBar: () => undefined,
    warn: (message) => warned.push(message),
  });
  await expect.poll(gates, SEEN).toHaveLength(2);
  // It says that it is there no sooner than it has the keys.
  expect(await Promise.race([opening.then(() => 'ready'), sleep(GUARDED_MS, 'waiting')])).toBe('waiting');
  former.end();
  gate = await opening;
  type(`${NUMBER}\n`, READER_GAP_MS);
  await expect.poll(() => read, SEEN).toEqual([NUMBER]);
  expect({ keys: withoutLevels(), warned }).toEqual({ keys: [], warned: [] });
});

test('ends with whoever started it', async () => {
  expect(gates()).toHaveLength(1);
  gate.end();
  await expect.poll(gates, SEEN).toEqual([]);
});

test('ends with its window, and is not started again', async () => {
  expect(gates()).toHaveLength(1);
  screens.close();
  await expect.poll(gates, SEEN).toEqual([]);
  expect(warned).toEqual([]);
  screens = new XClient(outer.name, outer.xauthority);
});
