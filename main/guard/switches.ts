/**
 * Which switches and variables a locked seat refuses to start with, because each opens a way around it. It judges names
 * only; the real stop for some of them are the fuses of a packaged build.
 */
import type { SeatMode } from '../../contract/bridge.ts';

/** Debuggers, foreign code, weakened sandboxes. Compared without a value, as a prefix where it ends in `-`. */
const REFUSED_SWITCHES = [
  '--inspect',
  '--inspect-',
  '--debug',
  '--debug-',
  '--remote-debugging-',
  '--remote-allow-origins',
  '--js-flags',
  '--no-sandbox',
  '--disable-setuid-sandbox',
  '--disable-seccomp-filter-sandbox',
  '--disable-namespace-sandbox',
  '--disable-web-security',
  '--disable-site-isolation-trials',
  '--allow-file-access-from-files',
  '--ignore-certificate-errors',
  '--ignore-certificate-errors-spki-list',
  '--host-resolver-rules',
  '--proxy-server',
  '--proxy-pac-url',
  '--load-extension',
  '--single-process',
  '--renderer-cmd-prefix',
  '--utility-cmd-prefix',
  '--gpu-launcher',
  '--require',
  '-r',
  '--import',
  '--log-net-log',
  '--ssl-key-log-file',
] as const;

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

/** What Playwright adds to drive a window: taken only by modes that say on the screen that they are no locked seat. */
const DRIVER_SWITCHES: readonly string[] = ['--inspect', '--remote-debugging-'];

/**
 * @returns the names of what must not be there, in the order given; empty when the seat may start
 */
export function refusedAtStart(
  mode: SeatMode,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const driven = mode !== 'kiosk';
  const switches = argv
    .map((argument) => argument.split('=', 1)[0] ?? '')
    .filter((name) => REFUSED_SWITCHES.some((refused) => matches(refused, name)))
    .filter((name) => !(driven && DRIVER_SWITCHES.some((allowed) => matches(allowed, name))));
  const variables = REFUSED_VARIABLES.filter((name) => (env[name] ?? '') !== '');
  return [...switches, ...(driven ? variables.filter((name) => name !== 'NODE_OPTIONS') : variables)];
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('-') ? name.startsWith(pattern) : name === pattern;
}
