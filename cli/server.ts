/**
 * `server`: starts the listeners, says where they are in one line, and stops in order at SIGTERM or SIGINT. It owns the
 * process' life; what is served is the server's business.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { openSite, type Site } from '../server/compose.ts';
import { listen, parseAddress } from '../server/listen.ts';
import { readPrivateKey, readPublicKey } from '../server/site/key-file.ts';

export interface SiteFlags {
  readonly state: string;
  readonly database?: string;
  readonly tenant?: string;
}

interface ServerFlags extends SiteFlags {
  readonly listenSeats: string;
  readonly listenConsole: string;
  readonly name: readonly string[];
  readonly policyKey: readonly string[];
  readonly readerKey?: string;
  readonly consoleCert?: string;
  readonly consoleKey?: string;
  readonly json?: boolean;
}

export const DEFAULT_SERVER_STATE = 'wardlock-server';
const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function register(program: Command): void {
  program
    .command('server')
    .description('start the server: one listener for seats (mutual TLS 1.3), one for browsers and IT (HTTPS)')
    .requiredOption('--listen-seats <host:port>', 'where seats connect')
    .requiredOption('--listen-console <host:port>', 'where browsers and the command line connect')
    .option('--state <dir>', 'keys and certificates of this site', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'sqlite:PATH or postgres://USER@HOST:PORT/NAME (default: wardlock.db in the state folder)')
    .option('--tenant <id>', 'id of this site, chosen at the first start (default: site)')
    .option('--name <host>', 'a further name of this machine for its certificates (repeatable)', collect, [])
    .option('--policy-key <file>', 'public key that may sign policy (repeatable; remembered)', collect, [])
    .option('--reader-key <file>', 'private key of the reader role: this process also builds the index that auditors search')
    .option('--console-cert <file>', 'certificate chain of the console, PEM')
    .option('--console-key <file>', 'private key of the console, PEM')
    .option('--json', 'print the ready line as JSON')
    .action(run);
}

/** Opens the site that these flags name, without listening. */
export function openSiteOf(flags: SiteFlags, readerKey: Uint8Array | null = null): Promise<Site> {
  return openSite({ stateFolder: flags.state, database: flags.database ?? null, tenant: flags.tenant ?? null, readerKey });
}

/** Does one thing with a site and closes it again. */
export async function withSite<T>(flags: SiteFlags, work: (site: Site) => Promise<T>): Promise<T> {
  const site = await openSiteOf(flags);
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

async function run(flags: ServerFlags): Promise<void> {
  const addresses = { seats: parseAddress(flags.listenSeats), console: parseAddress(flags.listenConsole) };
  const consoleIdentity =
    flags.consoleCert === undefined || flags.consoleKey === undefined
      ? null
      : { certificate: readFileSync(flags.consoleCert, 'utf8'), key: readFileSync(flags.consoleKey, 'utf8') };
  const site = await openSiteOf(flags, flags.readerKey === undefined ? null : readPrivateKey(flags.readerKey, ['reader', 'escrow']));
  try {
    await site.policies.trust(flags.policyKey.map((path) => readPublicKey(path, ['policy'])));
    const listening = await listen(site, { ...addresses, names: flags.name, consoleIdentity });
    announce(flags, site, listening);
    await stopSignal();
    await listening.close();
  } finally {
    await site.close();
  }
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
  process.stdout.write(`${made}: ${ready.ca}\nSeats:   ${ready.seats}\nConsole: ${ready.console}\n`);
  if (ready.consoleCertificate === 'site-ca') {
    process.stdout.write(
      "The console's certificate is by the site's own authority: let browsers trust that file, or start with --console-cert.\n",
    );
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}
