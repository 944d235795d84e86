/**
 * The clinic as one thing: a site, a seat, its users, the handbook, and the order in which they open and close. Closing
 * undoes everything that opening did, also after a failure half-way.
 */
import { createHash } from 'node:crypto';
import { appendFile, chmod, copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Value } from 'typebox/value';
import { makeThrowAwayUsers } from '../agent/os/users.ts';
import { SeatView } from '../contract/seat-view.ts';
import { WardlockError } from '../core/errors/index.ts';
import type { PolicyDocument } from '../policies/schema.ts';
import { type CommandLine, commandLine } from './command-line.ts';
import { type Display, type DisplaySpec, lendDisplay, startDisplay } from './display.ts';
import { type Handbook, startHandbook } from './handbook.ts';
import { makePlaces, type Places } from './places.ts';
import type { Progress } from './progress.ts';
import { type Runtime, readRuntime } from './runtime.ts';
import { enrolOnce, openSeat, SEAT_NAME, type Seat, type SeatUsers } from './seat.ts';
import { openSite, type Site } from './site.ts';

/** How long the seat may take until enrolment, staff and policy have all arrived. */
const OPENING_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 100;

/** The program of the demo that is changed after the policy was signed, so that its refusal can be seen. */
export const CHANGED_APP = 'labels';

export interface Clinic {
  readonly runtime: Runtime;
  readonly places: Places;
  readonly cli: CommandLine;
  readonly site: Site;
  readonly seat: Seat;
  readonly handbook: Handbook;
  readonly users: SeatUsers | undefined;
  readonly display: SeatDisplay;
  publish(change?: (policy: PolicyDocument) => PolicyDocument): Promise<PolicyDocument>;
  close(): Promise<void>;
}

export interface ClinicSpec {
  readonly stateDir: string;
  readonly progress: Progress;
  /** Idle time until the warning; short in a demo that plays by itself. */
  readonly warnAfterSeconds: number;
  /** A display of the machine, or one in memory of this size. */
  readonly display:
    | { readonly kind: 'machine'; readonly name: string }
    | { readonly kind: 'memory'; readonly width: number; readonly height: number; readonly server?: NonNullable<DisplaySpec['server']> };
}

/** Where the seat's screens are drawn. A machine's own display takes no pictures of itself. */
export interface SeatDisplay {
  readonly name: string;
  readonly authority: string | undefined;
  readonly memory: Display | undefined;
}

export async function openClinic(spec: ClinicSpec): Promise<Clinic> {
  const { progress } = spec;
  const undo: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    // One that fails keeps nothing else here.
    for (const each of undo.splice(0).reverse()) await each().catch((failure: unknown) => failures.push(failure));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const runtime = readRuntime();
    const places = await makePlaces(spec.stateDir);
    const cli = commandLine(runtime);
    const users =
      process.getuid?.() === 0 ? await progress.step('users of the seat: screens, apps, syncer', () => seatUsers(places, undo)) : undefined;
    const handbook = await startHandbook();
    undo.push(() => handbook.stop());
    const site = await progress.step('server, its CA, staff, an auditor account', () =>
      openSite({
        places,
        runtime,
        cli,
        policy: (version, keys) => ({
          version,
          issuedAt: new Date(),
          handbookOrigin: handbook.origin,
          readerKey: keys.reader,
          escrowKey: keys.escrow,
          warnAfterSeconds: spec.warnAfterSeconds,
        }),
      }),
    );
    undo.push(() => site.stop());
    const publish = (change: (policy: PolicyDocument) => PolicyDocument = (policy) => policy): Promise<PolicyDocument> =>
      site.publish((policy) => change(withChangedApp(policy, changed)));
    const changed = await changedProgram(places);
    await progress.step('policy, signed and published', () => publish());
    await changed.change();
    const display = await progress.step('display', () => openDisplay(spec, places, users));
    undo.push(async () => display.memory?.stop());
    const seat = await progress.step('seat: agent and syncer', () =>
      openSeat({ places, runtime, users, authority: display.authority, practice: spec.display.kind === 'machine' }),
    );
    undo.push(() => seat.stop());
    await progress.step(`enrolment of ${SEAT_NAME}, then staff and policy`, async () => {
      await enrolOnce(cli, seat, site.seatsUrl, () => site.token(SEAT_NAME));
      await untilLocked(cli, seat);
    });
    return { runtime, places, cli, site, seat, handbook, users, display, publish, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function openDisplay(spec: ClinicSpec, places: Places, users: SeatUsers | undefined): Promise<SeatDisplay> {
  const { display } = spec;
  const owner = users?.ui ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // Below the home of the screens' user, because that user can always walk there.
  const dir = join(users?.ui.home ?? places.root, 'display');
  if (display.kind === 'memory') {
    const memory = await startDisplay({ ...display, dir, owner });
    return { name: memory.name, authority: memory.authority, memory };
  }
  return { name: display.name, authority: await lendDisplay({ dir, name: display.name, owner }), memory: undefined };
}

async function seatUsers(places: Places, undo: (() => Promise<void>)[]): Promise<SeatUsers> {
  const made = await makeThrowAwayUsers({ journal: join(places.root, 'users.json'), roles: ['ui', 'app', 'sync'] });
  undo.push(() => made.remove());
  return made.users;
}

interface ChangedProgram {
  readonly path: string;
  /** As the author of the policy saw it. */
  readonly sha256: string;
  change(): Promise<void>;
}

async function changedProgram(places: Places): Promise<ChangedProgram> {
  const folder = join(places.root, 'programs');
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const path = join(folder, 'label-printer');
  await rm(path, { force: true });
  await copyFile('/usr/bin/xclock', path);
  await chmod(path, 0o755);
  return {
    path,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
    change: () => appendFile(path, 'changed after the policy was signed\n'),
  };
}

function withChangedApp(policy: PolicyDocument, program: ChangedProgram): PolicyDocument {
  return {
    ...policy,
    apps: [
      ...policy.apps,
      {
        id: CHANGED_APP,
        name: 'Label printer',
        kind: 'native',
        icon: 'printer',
        path: program.path,
        sha256: program.sha256,
        args: [],
        env: {},
        children: [],
      },
    ],
    roles: policy.roles.map((role) => (role.id === 'nurse' ? { ...role, apps: [...role.apps, CHANGED_APP] } : role)),
  };
}

async function untilLocked(cli: CommandLine, seat: Seat): Promise<void> {
  const deadline = performance.now() + OPENING_LIMIT_MS;
  for (;;) {
    const status = await cli.run(['status', '--state', seat.stateDir, '--json']);
    if (status.code === 0) {
      const view = Value.Parse(SeatView, JSON.parse(status.stdout));
      if (view.phase === 'locked' && view.truth.policy.state === 'active' && view.truth.connection.state === 'online') return;
    }
    if (performance.now() > deadline) {
      throw new WardlockError(
        'START_STEP_FAILED',
        `The seat was not ready to be opened after ${OPENING_LIMIT_MS / 1000} s. It says: ${(status.stdout || status.stderr).trim()}`,
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}
