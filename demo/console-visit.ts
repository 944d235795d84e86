/**
 * The auditor's visit to the console's page in a real browser: signs in, finds a session, reads its story, with a picture of
 * each. The browser is the same Electron as the seat's, run as the screens' user.
 */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { _electron as electron } from 'playwright';
import type { Clinic } from './clinic.ts';
import { electronWrapper } from './kiosk.ts';
import { asScreensUser, kioskHome } from './open-kiosk.ts';
import { ANNA } from './shift.ts';
import { AUDITOR } from './site.ts';

const LAUNCH_LIMIT_MS = 60_000;
const PAGE_LIMIT_MS = 15_000;

export async function visitConsole(clinic: Clinic): Promise<void> {
  const home = await kioskHome(clinic);
  const folder = join(home, 'display', 'console-window');
  const ca = join(folder, 'site-ca.pem');
  await cp(join(import.meta.dirname, 'console-window'), folder, { recursive: true });
  await writeFile(ca, await readFile(clinic.site.ca), { mode: 0o644 });
  const wrapper = await electronWrapper(clinic.runtime.electron.path, asScreensUser(clinic).as);
  const app = await electron.launch({
    executablePath: wrapper.path,
    chromiumSandbox: true,
    timeout: LAUNCH_LIMIT_MS,
    cwd: '/',
    args: [folder, `--user-data-dir=${join(home, 'console')}`, `--site-ca=${ca}`, `--address=${clinic.site.consoleUrl}`],
    env: {
      PATH: '/usr/bin:/bin',
      HOME: home,
      LANG: 'C.UTF-8',
      DISPLAY: clinic.display.name,
      ...(clinic.display.authority === undefined ? {} : { XAUTHORITY: clinic.display.authority }),
    },
  });
  try {
    const page = await app.firstWindow();
    page.setDefaultTimeout(PAGE_LIMIT_MS);
    const picture = async (name: string): Promise<void> =>
      void (await page.screenshot({ path: join(clinic.places.screens, `${name}.png`) }));
    await page.getByLabel('Name').fill(AUDITOR);
    await picture('18-console-sign-in');
    await page.getByLabel('Password').fill(clinic.site.auditorPassword);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('row').filter({ hasText: ANNA.displayName }).first().waitFor();
    await picture('19-console-sessions');
    await page.getByRole('row').filter({ hasText: ANNA.displayName }).first().getByRole('button').click();
    await page.getByText('session.started').first().waitFor();
    await picture('20-console-story');
  } finally {
    await app.close();
    await wrapper.remove();
  }
}
