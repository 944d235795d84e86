/**
 * `server`: starts the listeners, says where they are in one line, and stops in order at SIGTERM or SIGINT. It owns the
 * process' life; what is served is the server's business.
 */
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import { openSite, type Site, type SiteOptions } from '../server/compose.ts';
import { listen, parseAddress } from '../server/listen.ts';
import { type ConsoleFiles, readConsoleFiles } from '../server/site/console-files.ts';
import { readPrivateKey, readPublicKey } from '../server/site/key-file.ts';
import { startLean } from './lean-memory.ts';

export interface SiteFlags {
  readonly state: string;
  readonly database?: string;
  readonly tenant?: string;
  readonly periodKeys?: string;
}

interface ServerFlags extends SiteFlags {
  readonly listenSeats?: string;
  readonly listenConsole?: string;
  readonly name: readonly string[];
  readonly policyKey: readonly string[];
  readonly readerKey: readonly string[];
  readonly consoleCert?: string;
  readonly consoleKey?: string;
  readonly json?: boolean;
}

export const DEFAULT_SERVER_STATE = 'wardlock-server';
const MACHINE_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const LISTEN_SEATS = '--listen-seats <host:port>';
const LISTEN_CONSOLE = '--listen-console <host:port>';
const READER_KEY_HELP =
  'private key of the reader role: this process also builds the index that auditors search (repeatable: old keys beside the new one)';
export const PERIOD_KEYS_HELP = 'folder of the period keys, which are in no backup (default: period-keys in the state folder)';
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function register(program: Command): void {
  program
    .command('server')
    .description('start the server: one listener for seats (mutual TLS 1.3), one for browsers and IT (HTTPS)')
    // Its subcommands have options of the same names, which are theirs. They start no listener, so neither address is required before them.
    .enablePositionalOptions()
    .option(LISTEN_SEATS, 'where seats connect (needed)')
    .option(LISTEN_CONSOLE, 'where browsers and the command line connect (needed)')
    .option('--state <dir>', 'keys and certificates of this site', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'sqlite:PATH or postgres://USER@HOST:PORT/NAME (default: wardlock.db in the state folder)')
    .option('--tenant <id>', 'id of this site, chosen at the first start (default: site)')
    .option('--name <host>', 'a further name of this machine for its certificates (repeatable)', collect, [])
    .option('--policy-key <file>', 'public key that may sign policy (repeatable; remembered)', collect, [])
    .option('--reader-key <file>', READER_KEY_HELP, collect, [])
    .option('--period-keys <dir>', PERIOD_KEYS_HELP)
    .option('--console-cert <file>', 'certificate chain of the console, PEM')
    .option('--console-key <file>', 'private key of the console, PEM')
    .option('--json', 'print the ready line as JSON')
    .action(run);
}

/** Opens the site that these flags name, without listening. */
function openSiteOf(flags: SiteFlags, more: Pick<SiteOptions, 'readerKeys' | 'mustExist'>): Promise<Site> {
  const { state, database, tenant, periodKeys } = flags;
  return openSite({
    stateFolder: state,
    database: database ?? null,
    tenant: tenant ?? null,
    periodKeysFolder: periodKeys ?? null,
    ...more,
  });
}

/** The site as its reader sees it: it takes the database, the reader's keys and the period keys, and none of the site's own. */
export function openReaderOf(flags: SiteFlags, keyFiles: readonly string[]): Promise<Site> {
  const { state, database, tenant, periodKeys } = flags;
  return openSite({
    stateFolder: state,
    database: database ?? null,
    tenant: tenant ?? null,
    readerKeys: readReaderKeys(keyFiles),
    periodKeysFolder: periodKeys ?? null,
    readerOnly: true,
    mustExist: true,
  });
}

function readReaderKeys(paths: readonly string[]): Uint8Array[] {
  return paths.map((path) => readPrivateKey(path, ['reader', 'escrow']));
}

/** Does one thing with a site that is there already, and closes it again. @throws WardlockError START_USAGE */
export async function withSite<T>(flags: SiteFlags, work: (site: Site) => Promise<T>): Promise<T> {
  const site = await openSiteOf(flags, { mustExist: true });
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

async function run(flags: ServerFlags): Promise<void> {
  startLean();
  const addresses = { seats: addressOf(flags.listenSeats, LISTEN_SEATS), console: addressOf(flags.listenConsole, LISTEN_CONSOLE) };
  const names = flags.name.map(machineNameOf);
  const consoleFiles = consoleFilesOf(flags);
  // Before a site is made, as its id is chosen then and for good.
  const policyKeys = flags.policyKey.map((path) => readPublicKey(path, ['policy']));
  const site = await openSiteOf(flags, { readerKeys: readReaderKeys(flags.readerKey) });
  try {
    await site.policies.trust(policyKeys);
    // The first node makes the first period key, before a seat's entry does it at whichever node it comes to.
    await site.periodKeys.current();
    const listening = await listen(site, { ...addresses, names, consoleFiles });
    announce(flags, site, listening);
    await stopSignal();
    await listening.close();
  } finally {
    await site.close();
  }
}

/** @throws WardlockError START_USAGE for one without the other, where the console would show a certificate that nobody chose, and for files that do not fit */
function consoleFilesOf({ consoleCert, consoleKey }: ServerFlags): ConsoleFiles | null {
  if (consoleCert === undefined && consoleKey === undefined) return null;
  if (consoleCert !== undefined && consoleKey !== undefined) {
    const files = { certificate: consoleCert, key: consoleKey };
    // Before a site is made for nothing.
    readConsoleFiles(files);
    return files;
  }
  const [given, missing] = consoleKey === undefined ? ['--console-cert', '--console-key'] : ['--console-key', '--console-cert'];
  throw new WardlockError('START_USAGE', `${given} needs ${missing} beside it: a certificate is of no use without its key.`);
}

/** A certificate that names what no address can be would fit nobody's address. @throws WardlockError START_USAGE */
function machineNameOf(text: string): string {
  if (isIP(text) > 0 || MACHINE_NAME.test(text)) return text;
  throw new WardlockError(
    'START_USAGE',
    `${text} is no name of a machine. Give --name as wardlock.example.org, without https:// and port.`,
  );
}

function addressOf(text: string | undefined, option: string) {
  if (text === undefined) throw new WardlockError('START_USAGE', `Required option '${option}' not specified. See --help.`);
  return parseAddress(text);
}

function announce(flags: ServerFlags, site: Site, urls: { readonly seatsUrl: string; readonly consoleUrl: string }): void {
  const ready = {
    event: 'ready',
    seats: urls.seatsUrl,
    console: urls.consoleUrl,
    ca: join(flags.state, 'ca.pem'),
    caMade: site.authorityMade,
    consoleCertificate: flags.consoleCert === undefined ? 'site-ca' : 'files',
    tenant: site.tenant,
    witnessKey: site.witnessKey,
    mirrorKey: site.mirrorKey,
    pid: process.pid,
  };
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    return;
  }
  const made = site.authorityMade ? 'Made a certificate authority for this site' : 'Certificate authority of this site';
  const until = new Date(site.authority.end).toISOString().slice(0, 10);
  process.stdout.write(`${made}: ${ready.ca}, until ${until}\nSeats:   ${ready.seats}\nConsole: ${ready.console}\n`);
  if (ready.consoleCertificate === 'site-ca') {
    process.stdout.write(
      "The console's certificate is by the site's own authority: let browsers trust that file, or start with --console-cert.\n",
    );
  }
  if (site.authorityMade) {
    process.stdout.write(
      'Next, while it runs: `account add NAME` for the console, `policy new` and `policy publish`, `staff import FILE`, and `enrol-token new` for each seat.\n',
    );
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}
