/** The baseline of every figure of the screens: the same Electron as the same user with the same sandbox, showing one word. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { Clinic } from '../../../demo/clinic.ts';
import { type Kiosk, launchKiosk } from '../../../demo/kiosk.ts';
import { timeToPaint } from './painted.ts';

export async function openBareElectron(clinic: Clinic): Promise<Kiosk> {
  const { users, seat, runtime, display } = clinic;
  const home = join(users?.ui.home ?? clinic.places.root, 'bare');
  const app = join(users?.ui.home ?? clinic.places.root, 'display', 'bare-app');
  await cp(join(import.meta.dirname, 'bare-electron'), app, { recursive: true });
  const { stage } = seat;
  return launchKiosk({
    electron: runtime.electron.path,
    app,
    agentSocket: 'none',
    mode: 'rehearsal',
    display: display.name,
    home,
    ...(display.authority === undefined ? {} : { authority: display.authority }),
    ...(users === undefined || stage === undefined ? {} : { as: (command) => stage.as(users.ui, [], command) }),
  });
}

/** A key is always taken. */
export async function pressKey(page: Page, key: string): Promise<true> {
  await page.keyboard.press(key);
  return true;
}

/** Milliseconds of a bare round trip: key event to painted frame. @param turn counts the runs, so that each key is a change */
export function bareRoundTrip(bare: Kiosk, turn: number): Promise<number> {
  const key = turn % 2 === 0 ? 'a' : 'b';
  return timeToPaint(bare.page, key, () => pressKey(bare.page, key));
}
