/**
 * A server that reads what its one seat tells: keys of a reader and an escrow, a server process with that reader, an auditor's account,
 * and a seat double that has enrolled. Owns the folder, the server and the seat.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testPolicy } from './policy.ts';
import { type SeatDouble, startSeat } from './seat-double.ts';
import { cli, newToken, type ServerProcess, startServer, until } from './server-process.ts';

const auditor = { name: 'iris', password: 'correct horse battery' };

interface Keys {
  /** Base64 each, as a policy has them. */
  readonly keys: { readonly reader: string; readonly escrow: string };
}

export interface ReadSite extends Keys {
  readonly folder: string;
  readonly server: ServerProcess;
  readonly seat: SeatDouble;
  readonly auditor: typeof auditor;
  remove(): Promise<void>;
}

/** @param prepare what the server is told before its seat comes */
export async function startReadSite(
  prepare: (site: Omit<ReadSite, 'seat' | 'remove'>) => Promise<void> = async () => {},
): Promise<ReadSite> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-read-site-'));
  for (const kind of ['reader', 'escrow']) await cli(['keys', 'new', kind, '--out', join(folder, `${kind}.key`)]);
  const keys = { reader: publicKey(join(folder, 'reader.key')), escrow: publicKey(join(folder, 'escrow.key')) };
  const server = await startServer(folder, { more: ['--reader-key', join(folder, 'reader.key')] });
  await cli(['account', 'add', auditor.name, '--state', server.state], `${auditor.password}\n`);
  const site = { folder, server, keys, auditor };
  await prepare(site);
  const seat = await startSeat(await mkdtemp(join(folder, 'seat-')), {
    readerPublicKey: Buffer.from(keys.reader, 'base64'),
    escrowPublicKey: Buffer.from(keys.escrow, 'base64'),
  });
  await enrol(seat, server);
  return {
    ...site,
    seat,
    remove: async () => {
      await seat.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A policy that names the site's reader and escrow. */
export async function publishPolicy({ folder, server, keys }: Pick<ReadSite, 'folder' | 'server' | 'keys'>): Promise<void> {
  const file = join(folder, 'policy.json');
  await writeFile(file, JSON.stringify(testPolicy(1, keys)));
  await cli(['policy', 'publish', file, ...trusting(server), '--key', join(folder, 'policy.key')]);
}

/** How commands find the server. */
export const trusting = ({ ready }: ServerProcess): readonly string[] => ['--server', ready.console, '--ca', ready.ca];

function publicKey(path: string): string {
  const file: { publicKey: string } = JSON.parse(readFileSync(`${path}.pub`, 'utf8'));
  return file.publicKey;
}

/** Its syncer takes a moment until it can be told anything. */
async function enrol(seat: SeatDouble, server: ServerProcess): Promise<void> {
  const token = await newToken(server.state);
  await until(() => {
    try {
      seat.enrol(server.ready.seats, token);
      return true;
    } catch {
      return false;
    }
  });
  await until(() => seat.enrolment);
}
