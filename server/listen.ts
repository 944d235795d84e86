/**
 * Opens the two listeners: seats over mutual TLS 1.3, people over HTTPS. A connection that TLS refuses is counted and
 * recorded here, since no request ever comes of it.
 */

import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { type AuthorityEnd, watchAuthorityEnd } from './authority-end.ts';
import { type KeptCertificates, keepCertificates } from './certificates.ts';
import type { Site } from './compose.ts';
import type { App } from './http/app.ts';
import { createConsoleApp } from './http/console-app.ts';
import { createSeatsApp } from './http/seats-app.ts';
import { listenRefusal } from './listen-refusal.ts';
import type { TlsIdentity } from './site/authority.ts';
import { type ConsoleFiles, readConsoleFiles } from './site/console-files.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ListenOptions {
  readonly seats: Address;
  readonly console: Address;
  /** Further names under which seats and browsers know this machine. */
  readonly names: readonly string[];
  /** The console's own certificate; without it the site's CA makes one. */
  readonly consoleFiles: ConsoleFiles | null;
  /** How long a request may take to arrive, and how often that is looked at; else as http/app.ts and Node have it. */
  readonly arrival?: Pick<ServerOptions, 'requestTimeout' | 'connectionsCheckingInterval'>;
}

export interface Listening {
  readonly seatsUrl: string;
  readonly consoleUrl: string;
  close(): Promise<void>;
}

/** For requests that are in hand when the server is told to stop: uploads take milliseconds, exports may be read slowly. */
const FINISH_MS = 10_000;
const ANY = new Set(['0.0.0.0', '::']);

/** Reads HOST:PORT, with brackets around an IPv6 address. @throws WardlockError START_USAGE */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new WardlockError('START_USAGE', `${text} is no address. Write HOST:PORT.`);
  return { host: match[1] ?? match[2] ?? '', port };
}

export async function listen(site: Site, options: ListenOptions): Promise<Listening> {
  const itself = ['localhost', '127.0.0.1', '::1', hostname()];
  const hosts = (address: Address): string[] => [
    ...new Set([...(ANY.has(address.host) ? [] : [address.host]), ...options.names, ...itself]),
  ];
  const made = (name: string, address: Address) => () => site.authority.serverIdentity(name, hosts(address), site.now());
  const { consoleFiles } = options;
  const sources = {
    seats: made('seats', options.seats),
    console: consoleFiles === null ? made('console', options.console) : async () => readConsoleFiles(consoleFiles),
  };
  const { db } = site.store;
  const ending = watchAuthorityEnd({ ...site, db });
  // Before a certificate is made: what both listeners show ends with the authority that is in force.
  await ending.look();
  const contexts = {
    seats: ({ certificate, key }: TlsIdentity) => ({
      cert: certificate,
      key,
      ca: site.authority.certificatePem,
      minVersion: 'TLSv1.3' as const,
    }),
    console: ({ certificate, key }: TlsIdentity) => ({ cert: certificate, key, minVersion: 'TLSv1.2' as const }),
  };
  const present = { seats: await sources.seats(), console: await sources.console() };
  // Machines enrol before they have a certificate; every other route refuses them before it reads a body.
  const seats = await createSeatsApp(site, {
    ...contexts.seats(present.seats),
    ...options.arrival,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const people = await createConsoleApp(site, { ...contexts.console(present.console), ...options.arrival });
  const apps = { seats, console: people };
  for (const app of Object.values(apps)) countTlsFailures(app, site);
  site.metrics.watchProcess();
  await site.logOfLogs.start();
  const { seatsUrl, consoleUrl } = await openBoth([seats, options.seats], [people, options.console]);
  const own = (['seats', 'console'] as const).map((listener) => ({
    listener,
    app: apps[listener],
    present: present[listener],
    source: sources[listener],
    contextOf: contexts[listener],
  }));
  const certificates = keepCertificates(own, site);
  return {
    seatsUrl,
    consoleUrl,
    close: () => stop(site, [seats, people], [certificates, ending]),
  };
}

/** New connections are refused at once, what is in hand is answered, and nobody who is slow holds the end up for longer than FINISH_MS. */
async function stop(site: Site, apps: readonly App[], watches: readonly (KeptCertificates | AuthorityEnd)[]): Promise<void> {
  site.stopping.abort();
  await Promise.all(watches.map((watch) => watch.close()));
  const cut = setTimeout(() => {
    site.operational.warn('connections that did not finish in time are cut', { milliseconds: FINISH_MS });
    for (const app of apps) app.server.closeAllConnections();
  }, FINISH_MS);
  try {
    await Promise.all(apps.map((app) => app.close()));
  } finally {
    clearTimeout(cut);
  }
}

/** Both or none: a server with one listener would keep its process alive and look as if it ran. */
async function openBoth(
  [seats, forSeats]: readonly [App, Address],
  [people, forPeople]: readonly [App, Address],
): Promise<Pick<Listening, 'seatsUrl' | 'consoleUrl'>> {
  try {
    return { seatsUrl: await open(seats, forSeats, '--listen-seats'), consoleUrl: await open(people, forPeople, '--listen-console') };
  } catch (failure) {
    await Promise.all([seats.close(), people.close()]);
    throw failure;
  }
}

async function open(app: App, { host, port }: Address, option: string): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw isWardlockError(cause) ? cause : listenRefusal(cause, { host, port, option });
  }
  const bound = app.server.address();
  const { port: chosen } = isAddressInfo(bound) ? bound : { port };
  return `https://${host.includes(':') ? `[${host}]` : host}:${chosen}`;
}

function isAddressInfo(bound: AddressInfo | string | null): bound is AddressInfo {
  return typeof bound === 'object' && bound !== null;
}

function countTlsFailures(app: App, site: Site): void {
  app.server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    // A peer that just hangs up is no attempt at anything.
    if (error.code === 'ECONNRESET') return;
    site.refused.count(socket.remoteAddress ?? 'unknown', (error.code ?? 'TLS_ERROR').slice(0, 60));
  });
}
