/**
 * Which switches and variables a seat refuses to start with. A locked seat takes its own switches and no others, because Chromium and Node
 * know hundreds, in several spellings; the real stop for some of them are the fuses of a packaged build.
 */
import type { SeatMode } from '../../contract/bridge.ts';

/** The kiosk's own (options.ts), spelt with two dashes; each may take the next argument as its value. */
const VALUED_SWITCHES = ['--agent-socket', '--mode', '--locale', '--theme', '--text-percent'] as const;
/** With them, where Chromium keeps its own files. */
const OWN_SWITCHES = [...VALUED_SWITCHES, '--user-data-dir'] as const;
/** What Playwright adds to drive a window: taken only by modes that say on the screen that they are no locked seat. */
const DRIVER_SWITCHES = ['--inspect', '--remote-debugging-port'] as const;

const REFUSED_VARIABLES = [
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_INSPECT_RESUME_ON_START',
  'ELECTRON_RUN_AS_NODE',
  'ELECTRON_OVERRIDE_DIST_PATH',
  'ELECTRON_ENABLE_LOGGING',
  'LD_PRELOAD',
  'LD_AUDIT',
  'LD_LIBRARY_PATH',
  'GTK_MODULES',
  'GTK3_MODULES',
  'GTK_PATH',
  'SSLKEYLOGFILE',
] as const;

export interface StartedWith {
  readonly mode: SeatMode;
  /** Electron's own `process.argv`, without the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** In a checkout Electron is told which folder it shall run; a packaged seat is told nothing. */
  readonly isPackaged: boolean;
}

/**
 * @returns the names of what must not be there, in the order given; empty when the seat may start
 */
export function refusedAtStart({ mode, argv, env, isPackaged }: StartedWith): readonly string[] {
  const driven = mode !== 'kiosk';
  const variables = REFUSED_VARIABLES.filter((name) => (env[name] ?? '') !== '');
  return [...refusedArguments(argv, { driven, isPackaged }), ...(driven ? variables.filter((name) => name !== 'NODE_OPTIONS') : variables)];
}

function refusedArguments(
  argv: readonly string[],
  { driven, isPackaged }: { readonly driven: boolean; readonly isPackaged: boolean },
): readonly string[] {
  const allowed = driven ? [...OWN_SWITCHES, ...DRIVER_SWITCHES] : OWN_SWITCHES;
  let mayNameFolder = !isPackaged;
  let mayBeValue = false;
  return argv.flatMap((argument) => {
    const [written = ''] = argument.split('=', 1);
    const isSwitch = argument.startsWith('-');
    // What is neither a value nor the checkout's folder Chromium may take for an address.
    const isFine = isSwitch ? allowed.some((name) => written === name) : mayBeValue || mayNameFolder;
    if (!isSwitch && !mayBeValue) mayNameFolder = false;
    // Only of the kiosk's own: Chromium takes a value with `=`, and reads the next argument as another one.
    mayBeValue = isSwitch && argument === written && VALUED_SWITCHES.some((name) => written === name);
    return isFine ? [] : [written];
  });
}
