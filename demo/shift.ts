/**
 * A short shift through the real interface: taps, PINs, programs, a refusal, the idle warning, a lock, a tap-over,
 * emergency access, a logout. Every act waits for its screen, so a step that did not truly happen ends the shift.
 */
import { join } from 'node:path';
import { type ErrorCode, WardlockError } from '../core/errors/index.ts';
import type { Clinic } from './clinic.ts';
import { STAFF, type StaffMember } from './clinic-policy.ts';
import type { Display } from './display.ts';
import { type Kiosk, typeAsPerson } from './kiosk.ts';
import type { Progress } from './progress.ts';
import { endSession, type Screens, screens } from './screens.ts';

export interface Stageplay {
  readonly clinic: Clinic;
  readonly kiosk: Kiosk;
  readonly display: Display;
  readonly progress: Progress;
}

const UNKNOWN_BADGE = '04FFFFFFFF';
const WRONG_PIN = '000000';
/** Beyond the policy's own time until the warning. */
const WARNING_SLACK_MS = 15_000;
/** A native window needs a moment to be drawn before its picture is taken; nothing is decided by it. */
const DRAW_MS = 700;

function staff(id: string): StaffMember {
  const member = STAFF.find((each) => each.id === id);
  if (member === undefined) throw new Error(`the demo has no ${id}`);
  return member;
}

export const ANNA: StaffMember = staff('anna.reyes');
export const BEN: StaffMember = staff('ben.okafor');

export async function playShift(play: Stageplay): Promise<void> {
  const { clinic, progress } = play;
  const seen = screens(play.kiosk.page);
  const picture = pictures(play);

  await progress.step('the seat is locked', async () => {
    await seen.until('lock');
    await picture('01-lock');
  });
  await progress.step('a badge that nobody here knows: refused', async () => {
    await tapRefused(clinic, UNKNOWN_BADGE, 'SESSION_BADGE_UNKNOWN');
    await seen.says(/badge is not known/i);
    await picture('02-unknown-badge');
  });
  await progress.step(`${ANNA.givenName} taps, types a wrong PIN, then the right one`, async () => {
    await tap(clinic, ANNA.badge);
    await seen.until('pin');
    await picture('03-pin');
    await enterPin(seen, WRONG_PIN);
    await seen.says(/wrong pin/i);
    await picture('04-wrong-pin');
    await enterPin(seen, ANNA.pin);
    await seen.until('launcher');
    await picture('05-launcher');
  });
  await progress.step('a native program of the policy runs', async () => {
    await seen.press(/^Calculator/);
    await seen.until('app');
    await picture('06-native-app');
    await seen.press('Apps');
    await seen.until('launcher');
  });
  await progress.step('the web app runs', async () => {
    await seen.press(/^Ward handbook/);
    await seen.until('app');
    await picture('07-web-app');
    await seen.press('Apps');
    await seen.until('launcher');
  });
  await progress.step('a program that was changed after the policy was signed: refused', async () => {
    await seen.press(/^Label printer/);
    await seen.says(/was changed since it was allowed/i);
    await picture('08-refused-program');
  });
  await progress.step('nobody moves: the seat warns', async () => {
    await seen.untilWarning(WARNING_SLACK_MS + 5_000);
    await picture('09-warning');
  });
  await progress.step('locked from the warning, work kept', async () => {
    await seen.press('Lock now');
    await seen.until('lock');
    await seen.says(/kept for/i);
    await picture('10-locked-work-kept');
  });
  await progress.step(`${BEN.givenName} taps over: the former session ends`, async () => {
    await tap(clinic, BEN.badge);
    await seen.until('pin');
    await picture('11-take-over');
    await enterPin(seen, BEN.pin);
    await seen.until('launcher');
    await seen.says(BEN.displayName);
    await picture('12-launcher-of-another-person');
  });
  await progress.step(`${BEN.givenName} locks and comes back to his work`, async () => {
    await seen.press(/^Lock/);
    await seen.until('lock');
    await tap(clinic, BEN.badge);
    await seen.until('pin');
    await enterPin(seen, BEN.pin);
    await seen.until('launcher');
  });
  await progress.step(`${BEN.givenName} ends his session`, async () => {
    await endSession(seen);
  });
  await progress.step('emergency access: a reason, held to confirm', async () => {
    await seen.press('Emergency access');
    await seen.until('breakglass');
    await picture('13-emergency-reason');
    await seen.press('Next');
    await picture('14-emergency-confirm');
    await seen.hold('Hold to open', 'launcher');
    await picture('15-emergency-session');
    await seen.press(/^Ward handbook/);
    await seen.until('app');
    await picture('16-emergency-app');
    await seen.press('Apps');
    await seen.until('launcher');
    await endSession(seen);
    await picture('17-locked-again');
  });
}

/** A tap at the reader of someone without a reader: the command line of the same machine. */
export async function tap(clinic: Clinic, badge: string): Promise<void> {
  await clinic.cli.must(['tap', badge, '--state', clinic.seat.stateDir]);
}

/** A tap that the seat must refuse, under this code. */
async function tapRefused(clinic: Clinic, badge: string, code: ErrorCode): Promise<void> {
  const { stdout, stderr } = await clinic.cli.run(['tap', badge, '--state', clinic.seat.stateDir, '--json']);
  if (stdout.trim() !== JSON.stringify({ taken: false, code })) {
    throw new WardlockError('START_STEP_FAILED', `The seat should have refused badge ${badge} with ${code}, and said: ${stdout}${stderr}`);
  }
}

export async function enterPin(seen: Screens, pin: string): Promise<void> {
  await typeAsPerson(seen.page, pin);
  await seen.page.keyboard.press('Enter');
}

/** The whole display, as a person in front of it sees it. */
function pictures({ clinic, display, kiosk }: Stageplay): (name: string) => Promise<void> {
  return async (name) => {
    await kiosk.page.waitForTimeout(DRAW_MS);
    await display.picture(join(clinic.places.screens, `${name}.png`));
  };
}
