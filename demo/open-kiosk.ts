/**
 * The seat's screens of the clinic, started as their own user: driven for a shift, or as a window for a person.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import type { Clinic } from './clinic.ts';
import { type Kiosk, type KioskLaunch, launchKiosk } from './kiosk.ts';
import { baseEnvironment } from './site.ts';
import type { Command } from './stage.ts';

/** Screens that a program drives; they say that it is a rehearsal. */
export async function openDrivenKiosk(
  clinic: Clinic,
  { args = [], environment = {} }: Pick<KioskLaunch, 'args' | 'environment'> = {},
): Promise<Kiosk> {
  return launchKiosk({
    electron: clinic.runtime.electron.path,
    app: clinic.runtime.root,
    agentSocket: clinic.seat.uiSocket,
    mode: 'rehearsal',
    display: clinic.display.name,
    home: await kioskHome(clinic),
    args,
    environment,
    ...(clinic.display.authority === undefined ? {} : { authority: clinic.display.authority }),
    ...asScreensUser(clinic),
  });
}

/** A window that anyone can close. */
export async function openPracticeWindow(clinic: Clinic): Promise<Child> {
  const home = await kioskHome(clinic);
  const direct: Command = {
    command: clinic.runtime.electron.path,
    args: [clinic.runtime.root, `--user-data-dir=${join(home, 'electron')}`, '--agent-socket', clinic.seat.uiSocket, '--mode', 'practice'],
  };
  const command = asScreensUser(clinic).as?.(direct) ?? direct;
  return startChild({
    name: 'screens',
    ...command,
    env: {
      ...baseEnvironment(),
      HOME: home,
      DISPLAY: clinic.display.name,
      ...(clinic.display.authority === undefined ? {} : { XAUTHORITY: clinic.display.authority }),
    },
    logFile: join(clinic.places.logs, 'screens.log'),
    cwd: '/',
  });
}

export async function kioskHome(clinic: Clinic): Promise<string> {
  if (clinic.users !== undefined) return clinic.users.ui.home;
  const home = join(clinic.places.root, 'screens-home');
  await mkdir(home, { recursive: true, mode: 0o700 });
  return home;
}

export function asScreensUser(clinic: Clinic): { readonly as?: (command: Command) => Command } {
  const { users, seat } = clinic;
  const { stage } = seat;
  if (users === undefined || stage === undefined) return {};
  return { as: (command) => stage.as(users.ui, [{ source: seat.stateDir, name: 'state' }], command) };
}
