/**
 * The kiosk's entry: refuses what opens a way around a locked seat, sets what must be set before Electron is ready, and
 * starts the seat. Whatever fails here ends the process with a plain line; the seat stays locked by the agent.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { app, Menu } from 'electron';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { startKiosk } from './compose.ts';
import { readFuseWire, wrongFuses } from './guard/fuses.ts';
import { registerSeatScheme } from './guard/protocol.ts';
import { refusedAtStart } from './guard/switches.ts';
import { type KioskOptions, readOptions } from './options.ts';
import { switchOff } from './switched-off.ts';
import { temporaryFolder } from './temporary-files.ts';

/** sysexits.h: EX_CONFIG for a refused start, EX_USAGE for a wrong command line, EX_SOFTWARE for a defect. */
const EXIT_REFUSED = 78;
const EXIT_USAGE = 64;
const EXIT_DEFECT = 70;
/** Another kiosk of this user is running. */
const EXIT_TWICE = 75;
const OWNER_ONLY = 0o700;

function stop(error: unknown): never {
  const known = isWardlockError(error);
  process.stderr.write(known ? `wardlock-ui: ${error.message} (${error.code})\n` : `wardlock-ui: ${String(error)}\n`);
  const code = known ? (error.code === 'START_USAGE' ? EXIT_USAGE : EXIT_REFUSED) : EXIT_DEFECT;
  app.exit(code);
  // Electron may still be busy with its windows: a bare process.exit() would end it with 0.
  return process.exit(code);
}

function checkedOptions(): KioskOptions {
  const options = readOptions(process.argv.slice(1));
  if (app.isPackaged && options.mode === 'rehearsal') {
    throw new WardlockError('START_SWITCH_REFUSED', 'A packaged seat has no rehearsal. Start it with --mode kiosk or --mode practice.');
  }
  const refused = refusedAtStart({
    mode: options.mode,
    argv: process.argv.slice(1),
    env: process.env,
    isPackaged: app.isPackaged,
  });
  if (refused.length > 0) {
    throw new WardlockError('START_SWITCH_REFUSED', `A locked seat does not start with ${refused.join(', ')}. Remove it and start again.`);
  }
  return options;
}

async function main(options: KioskOptions): Promise<void> {
  if (app.isPackaged) {
    const wrong = wrongFuses(await readFuseWire(process.execPath));
    if (wrong.length > 0)
      throw new WardlockError('START_FUSES_WRONG', `This build is not sealed (${wrong.join(', ')}). Install the packaged build again.`);
  }
  const out = join(import.meta.dirname, '..');
  await startKiosk(options, { preload: join(out, 'preload'), renderer: join(out, 'renderer') });
}

// Electron would tell of a defect in a dialog on the seat's display, and go on with what is left.
process.on('uncaughtException', stop);
try {
  const options = checkedOptions();
  switchOff(app.commandLine);
  // GTK would ask OpenGL about the display and keep a whole software renderer in memory; nothing here draws by GTK's OpenGL.
  process.env.GDK_GL = 'disable';
  const own = temporaryFolder(app.getPath('userData'));
  if (own !== null) {
    mkdirSync(own, { recursive: true, mode: OWNER_ONLY });
    process.env.TMPDIR = own;
  }
  app.enableSandbox();
  registerSeatScheme();
  Menu.setApplicationMenu(null);
  if (!app.requestSingleInstanceLock()) {
    process.stderr.write('wardlock-ui: another kiosk of this user is running; this one ends.\n');
    app.exit(EXIT_TWICE);
  }
  app.on('web-contents-created', (_event, contents) => {
    // The seat opens windows and views; any other kind of page is nobody's.
    if (!['window', 'browserView'].includes(contents.getType())) contents.close();
  });
  app.whenReady().then(() => main(options).catch(stop), stop);
} catch (error) {
  stop(error);
}
