/**
 * The program of the display's service: starts the seat's display on a terminal of the machine, says that it is ready, and ends as soon
 * as a part of it does, so that the service manager starts all of it anew. Arguments: folder, user of the screens, terminal.
 */
import { execFile, execFileSync } from 'node:child_process';
import { WardlockError } from '../../core/errors/index.ts';
import { openLog } from '../log.ts';
import { startKioskDisplay, xorg } from './display.ts';

const LOST = 1;
/** Named by the unit of the screens. */
const SEAT_DISPLAY = ':0';
const log = openLog('display');

function idOf(flag: '-u' | '-g', user: string): number {
  return Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
}

async function main(): Promise<number> {
  const [folder, user, terminal] = process.argv.slice(2);
  if (folder === undefined || user === undefined || !/^\d{1,2}$/u.test(terminal ?? ''))
    throw new WardlockError('START_USAGE', 'Name a folder, the user of the screens and the number of a terminal.');
  const owner = { uid: idOf('-u', user), gid: idOf('-g', user) };
  const display = await startKioskDisplay({
    folder,
    owner,
    server: (authority) => xorg(authority, [SEAT_DISPLAY, '-keeptty', `vt${terminal}`]),
  });
  log.info('the display is there', { display: display.name });
  // Only where a service manager waits for it (sd_notify(3)).
  if (process.env['NOTIFY_SOCKET'] !== undefined) execFile('systemd-notify', ['--ready']);
  const signalled = new Promise<'asked'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('asked'));
  });
  const why = await Promise.race([signalled, display.ended]);
  await display.stop();
  return why === 'asked' ? 0 : LOST;
}

process.exitCode = await main().catch((failure: unknown) => {
  log.error('the display could not be started', { failure });
  return LOST;
});
