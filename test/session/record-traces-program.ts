/**
 * Records how idle time looks for real: input of the X server (XTest, with its own key repeat) through the real kiosk, as its agent
 * hears it once a second. Things that keep a seat open are what they are, a held key and a pointer that is moved by a clock; work is
 * played from the timings of traces.ts, because nobody is recorded. Run by hand: `node test/session/record-traces-program.ts FOLDER [SECONDS [NAME]]`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openClips, startClips } from '../e2e/support/clips.ts';
import { openSeat, type Seat } from '../e2e/support/seat.ts';
import { openView } from '../e2e/support/views.ts';
import { inputTimes, type TraceName } from './traces.ts';

/** Longer than the slowest thing needs to be found, in seconds. */
const USUAL_SECONDS = 560;
const SEED = 4_001;

/** Lines for xdotool, one for each input. */
type Input = (turn: number) => string;
const typed: Input = (turn) => `key ${['e', 'n', 'i', 's', 'r', 'a', 't'][turn % 7] ?? 'e'}`;
const moved: Input = (turn) => `mousemove_relative -- ${turn % 2 === 0 ? 1 : -1} 0`;
const scrolled: Input = (turn) => `click ${turn % 20 < 10 ? 5 : 4}`;
const paged: Input = (turn) => `key ${turn % 10 < 5 ? 'Next' : 'Prior'}`;

interface Recording {
  readonly honest: boolean;
  readonly made: string;
  /** Whose timings are played; a key is held, or clips play that nobody touches, where there are none. */
  readonly play: { readonly habit: TraceName; readonly input: Input } | 'held key' | 'clips';
}

const played = (habit: TraceName, input: Input, honest = true): Recording => ({
  honest,
  made: `Recorded from a kiosk on Xvfb. The times of the input are synthetic (${habit}, test/session/traces.ts); nobody was recorded.`,
  play: { habit, input },
});
const thing = (habit: TraceName): Recording => ({
  ...played(habit, moved, false),
  made: 'Recorded from a kiosk on Xvfb: XTest moves the pointer by a clock.',
});

const RECORDINGS: Readonly<Record<string, Recording>> = {
  typing: played('typing', typed),
  'reading-with-scroll': played('reading-with-scroll', scrolled),
  'turning-pages': played('turning-pages', paged),
  dictation: played('dictation', typed),
  charting: played('charting', moved),
  video: {
    honest: true,
    made: 'Recorded from a kiosk on Xvfb that nobody touches, with clips in a web app: the system counts the end of each as input.',
    play: 'clips',
  },
  'quick-jiggler': thing('quick-jiggler'),
  'slow-jiggler': thing('slow-jiggler'),
  'minute-jiggler': thing('minute-jiggler'),
  'weighted-key': {
    honest: false,
    made: 'Recorded from a kiosk on Xvfb: a space bar that XTest holds down, repeated by the X server.',
    play: 'held key',
  },
};

async function record(seat: Seat, name: string, { honest, made, play }: Recording, seconds: number, folder: string): Promise<void> {
  const hands = xdotool(seat);
  const site = await startClips();
  try {
    if (play === 'clips') await openClips(seat, site);
    else {
      seat.agent.push(openView());
      await seat.kiosk.page.waitForSelector('html[data-screen="launcher"]');
      await seat.kiosk.page.getByRole('searchbox').focus();
    }
    const from = performance.now();
    const reports: (readonly [atMs: number, osIdleMs: number, ownIdleMs: number])[] = [];
    seat.agent.on('activity', ({ osIdleMs, ownIdleMs }) => {
      reports.push([Math.round(performance.now() - from), osIdleMs, ownIdleMs]);
    });
    if (play === 'held key') hands.stdin?.write('keydown space\n');
    else if (play !== 'clips') await playFor(hands, play.habit, play.input, seconds);
    await sleep(Math.max(0, from + seconds * 1_000 - performance.now()));
    if (play === 'held key') hands.stdin?.write('keyup space\n');
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify({ name, made, honest, reports })}\n`);
    process.stdout.write(`${name}: ${reports.length} reports\n`);
  } finally {
    hands.stdin?.end();
    await seat.clear();
    await site.close();
  }
}

async function playFor(hands: ChildProcess, habit: TraceName, input: Input, seconds: number): Promise<void> {
  const from = performance.now();
  let turn = 0;
  for (const atMs of inputTimes(habit, SEED)) {
    if (atMs > seconds * 1_000) return;
    await sleep(Math.max(0, from + atMs - performance.now()));
    hands.stdin?.write(`${input(turn)}\n`);
    turn += 1;
  }
}

/** One for the whole recording, which takes a line when it is written. */
function xdotool({ display }: Seat): ChildProcess {
  return spawn('xdotool', ['-'], {
    env: { PATH: '/usr/bin:/bin', DISPLAY: display.name, XAUTHORITY: display.authority },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

const [folder, seconds = String(USUAL_SECONDS), only] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('Say where the recordings go: node test/session/record-traces-program.ts FOLDER [SECONDS]\n');
  process.exitCode = 2;
} else {
  // One after the other: so many starts at once take each other's time.
  const running: Promise<void>[] = [];
  for (const [name, recording] of Object.entries(RECORDINGS)) {
    if (only !== undefined && only !== name) continue;
    const seat = await openSeat({ width: 1024, height: 768 });
    running.push(record(seat, name, recording, Number(seconds), folder));
  }
  await Promise.all(running);
}
