/**
 * `npm start`: a clinic to look at. Opens it, plays or shows the seat, lets the auditor read, verifies the log, says where
 * everything is. Exit 0 only if every step truly happened.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isWardlockError } from '../core/errors/index.ts';
import { type Clinic, openClinic } from './clinic.ts';
import { visitConsole } from './console-visit.ts';
import { proveShift } from './evidence.ts';
import { openDrivenKiosk, openPracticeWindow } from './open-kiosk.ts';
import { parseOptions, USAGE } from './options.ts';
import { askedToStop, withOwnSignals } from './own-signals.ts';
import { progress } from './progress.ts';
import { playShift } from './shift.ts';
import { whereToLook } from './where.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const PLAYED = { width: 1280, height: 800, warnAfterSeconds: 6 } as const;
/** With a person in front of it the seat waits longer before it warns. */
const PRACTICE_WARN_SECONDS = 120;
/** As shells say of Ctrl+C. */
const INTERRUPTED = 130;

const say = (text: string): void => void process.stdout.write(text);

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), join(CHECKOUT, '.wardlock'));
  if (options.help) {
    say(USAGE);
    return;
  }
  // The terminal may be gone before the clinic is closed.
  process.stdout.on('error', () => undefined);
  const shown = progress(say, () => performance.now(), isLeaving);
  // One that is set and empty names no display.
  const machineDisplay = options.once ? undefined : process.env['DISPLAY'] || undefined;
  say(
    `Wardlock clinic. ${machineDisplay === undefined ? 'No display is used: the seat runs under Xvfb and plays a short shift.' : 'The seat opens in a practice window. Anyone can close it.'}\n\nOpening\n`,
  );
  const started = new Date();
  const clinic = await openClinic({
    stateDir: options.stateDir,
    progress: shown,
    warnAfterSeconds: machineDisplay === undefined ? PLAYED.warnAfterSeconds : PRACTICE_WARN_SECONDS,
    display:
      machineDisplay === undefined
        ? { kind: 'memory', width: PLAYED.width, height: PLAYED.height }
        : { kind: 'machine', name: machineDisplay },
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= clinic.close());
  try {
    if (machineDisplay === undefined) await play(clinic, started);
    else await practise(clinic, asked.stop);
    if (machineDisplay === undefined && !options.once) {
      say(whereToLook(clinic));
      await asked.stop;
    }
  } finally {
    say('\nClosing\n');
    isClosing = true;
    await shown.step('processes ended, users and mounts removed', close);
    isClosing = false;
  }

  async function play(opened: Clinic, since: Date): Promise<void> {
    say('\nA short shift\n');
    const { display } = opened;
    const memory = display.memory;
    if (memory === undefined) throw new Error('a shift is played on a display in memory only');
    const kiosk = await shown.step("the seat's screens start", () => withOwnSignals(() => openDrivenKiosk(opened)));
    // A step that is under way needs the screens, and so ends.
    void asked.stop.then(() => kiosk.stop());
    try {
      await playShift({ clinic: opened, kiosk, display: memory, progress: shown });
      say('\nThe auditor\n');
      await proveShift(opened, since, shown, say);
      await shown.step('the auditor reads it in the console, in a browser', () => withOwnSignals(() => visitConsole(opened)));
    } finally {
      if (options.once) await kiosk.stop();
    }
  }

  async function practise(opened: Clinic, ended: Promise<void>): Promise<void> {
    const kiosk = await shown.step("the seat's practice window opens", () => openPracticeWindow(opened));
    say(whereToLook(opened));
    await Promise.race([ended, kiosk.exited]);
    await kiosk.stop();
  }
}

/** What does not come to its end then has not failed. */
function isLeaving(): boolean {
  return asked.now() && !isClosing;
}

function failed(error: unknown): number {
  if (isLeaving()) {
    process.stderr.write('\nStopped before its end, as asked.\n');
    return INTERRUPTED;
  }
  process.stderr.write(
    isWardlockError(error)
      ? `\n${error.message} (${error.code})\n`
      : `\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}

const asked = askedToStop();
/** True after a failure where the closing itself is what failed. */
let isClosing = false;
await main().catch((error: unknown) => {
  process.exitCode = failed(error);
});
