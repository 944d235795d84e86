/**
 * The hospital's side of the clinic: the server process, the keys that people keep, staff, accounts, and policies as IT
 * publishes them. Everything goes through the command line or over HTTPS.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { PolicyDocument } from '../policies/schema.ts';
import { type Child, startChild } from './child.ts';
import { clinicPolicy, STAFF, TENANT } from './clinic-policy.ts';
import type { CommandLine } from './command-line.ts';
import type { Places } from './places.ts';
import type { Runtime } from './runtime.ts';

export const WARD = { id: 'five-east', name: 'Ward 5 East' } as const;
export const AUDITOR = 'auditor';

const Ready = Type.Object({
  event: Type.Literal('ready'),
  seats: Type.String(),
  console: Type.String(),
  ca: Type.String(),
  mirrorKey: Type.String(),
});
const Addresses = Type.Object({ seats: Type.String(), console: Type.String() });
const PublicKey = Type.Object({ publicKey: Type.String() });
const Token = Type.Object({ token: Type.String() });

export interface Site {
  readonly seatsUrl: string;
  readonly consoleUrl: string;
  readonly ca: string;
  /** Verifies the server's receipts and exports (audit verify --key). */
  readonly mirrorKey: string;
  readonly auditorPassword: string;
  readonly readerKeyFile: string;
  readonly escrowKeyFile: string;
  readonly policyKeyFile: string;
  server(): Child;
  /** Starts the server again on the same addresses, after it was stopped or killed. */
  restart(): Promise<void>;
  token(seatName: string): Promise<string>;
  /** Signs and publishes the ward's policy as the next version. */
  publish(change?: (policy: PolicyDocument) => PolicyDocument): Promise<PolicyDocument>;
  stop(): Promise<void>;
}

export interface SiteSpec {
  readonly places: Places;
  readonly runtime: Runtime;
  readonly cli: CommandLine;
  readonly policy: (version: number, keys: { readonly reader: string; readonly escrow: string }) => Parameters<typeof clinicPolicy>[0];
}

export async function openSite(spec: SiteSpec): Promise<Site> {
  const { places, cli } = spec;
  const keyFile = (kind: string): string => join(places.site, `${kind}.key`);
  const missing = ['policy', 'reader', 'escrow'].filter((kind) => !existsSync(keyFile(kind)));
  await Promise.all(missing.map((kind) => cli.must(['keys', 'new', kind, '--out', keyFile(kind)])));
  const publicKey = (kind: string): string => Value.Parse(PublicKey, JSON.parse(readFileSync(`${keyFile(kind)}.pub`, 'utf8'))).publicKey;

  // A seat keeps the address that it enrolled with, so a clinic that is opened again listens where it did before.
  const addressFile = join(places.site, 'addresses.json');
  let addresses: Static<typeof Addresses> = existsSync(addressFile)
    ? Value.Parse(Addresses, JSON.parse(readFileSync(addressFile, 'utf8')))
    : { seats: '127.0.0.1:0', console: '127.0.0.1:0' };
  const launch = async (): Promise<{ child: Child; ready: Static<typeof Ready> }> => {
    const child = startChild({
      name: 'server',
      command: spec.runtime.node,
      args: [
        'cli/main.ts',
        'server',
        '--listen-seats',
        addresses.seats,
        '--listen-console',
        addresses.console,
        '--state',
        places.server,
        '--tenant',
        TENANT,
        '--policy-key',
        `${keyFile('policy')}.pub`,
        '--reader-key',
        keyFile('reader'),
        '--json',
      ],
      env: baseEnvironment(),
      logFile: join(places.logs, 'server.log'),
      cwd: spec.runtime.root,
    });
    const ready = await child.readyLine((line) => {
      const value = parseJson(line);
      return Value.Check(Ready, value) ? value : undefined;
    });
    return { child, ready };
  };

  let { child, ready } = await launch();
  addresses = { seats: new URL(ready.seats).host, console: new URL(ready.console).host };
  await writeFile(addressFile, JSON.stringify(addresses));
  try {
    const staffFile = join(places.site, 'staff.json');
    await writeFile(
      staffFile,
      JSON.stringify({
        staff: STAFF.map(({ id, displayName, givenName, role, badge, pin }) => ({
          id,
          displayName,
          givenName,
          role,
          badges: [badge],
          pin,
        })),
      }),
      { mode: 0o600 },
    );
    await cli.must(['staff', 'import', staffFile, '--state', places.server]);
    const passwordFile = join(places.site, 'auditor.password');
    if (!existsSync(passwordFile)) {
      const password = randomBytes(12).toString('base64url');
      await cli.must(['account', 'add', AUDITOR, '--state', places.server], password);
      await writeFile(passwordFile, password, { mode: 0o600 });
    }
  } catch (cause) {
    await child.stop();
    throw cause;
  }

  const policyFile = join(places.site, 'policy.json');
  return {
    seatsUrl: ready.seats,
    consoleUrl: ready.console,
    ca: ready.ca,
    mirrorKey: ready.mirrorKey,
    auditorPassword: readFileSync(join(places.site, 'auditor.password'), 'utf8'),
    readerKeyFile: keyFile('reader'),
    escrowKeyFile: keyFile('escrow'),
    policyKeyFile: keyFile('policy'),
    server: () => child,
    async restart() {
      await child.stop();
      ({ child, ready } = await launch());
    },
    async token(seatName) {
      const out = await cli.must([
        'enrol-token',
        'new',
        '--state',
        places.server,
        '--seat',
        seatName,
        '--ward',
        WARD.id,
        '--ward-name',
        WARD.name,
        '--json',
      ]);
      return Value.Parse(Token, JSON.parse(out)).token;
    },
    async publish(change = (policy) => policy) {
      const before = existsSync(policyFile)
        ? Value.Parse(Type.Object({ version: Type.Integer() }), JSON.parse(readFileSync(policyFile, 'utf8'))).version
        : 0;
      const policy = change(clinicPolicy(spec.policy(before + 1, { reader: publicKey('reader'), escrow: publicKey('escrow') })));
      await writeFile(policyFile, `${JSON.stringify(policy, null, 2)}\n`);
      await cli.must(['policy', 'publish', policyFile, '--server', ready.console, '--key', keyFile('policy'), '--ca', ready.ca]);
      return policy;
    },
    stop: () => child.stop(),
  };
}

/** What a process of the clinic inherits: enough to find programs and speak UTF-8, nothing of the caller's own. */
export function baseEnvironment(): Record<string, string> {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', NODE_ENV: 'production' };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
