/**
 * What the tests of a session's applications are played in: a launcher, a record and a policy that they can bend. Test data only; the
 * product never imports it.
 */
import type { AuditEvent } from '../../contract/events.ts';
import type { Whereabouts } from '../../core/decision/rule.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { OpenSession } from '../../core/session/types.ts';
import { person } from '../../core/session/world.ts';
import type { AppExit, Launcher, LaunchSpec, PreparedLaunch } from '../launch/port.ts';
import type { PolicySnapshot } from '../policy/policy-store.ts';
import { Recorder } from '../record/recorder.ts';
import { SessionApps } from './apps.ts';
import { testDocument } from './test-document.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
export const midday: Whereabouts = { ward: 'icu', seat: 'Bay 4', day: 'mon', minute: 12 * 60 };
export const session: OpenSession = {
  id: 'a'.repeat(32),
  kind: 'person',
  who: person('ada'),
  factors: ['badge', 'pin'],
  policyVersion: 4,
  startedWallMs: 0,
  startedBootMs: 0,
  loginBootMs: 0,
  maxAgeBootMs: 3_600_000,
  limitBootMs: null,
  keptUntilBootMs: null,
  procedure: null,
  elsewhere: null,
};

/** A started application. */
interface Process {
  readonly appId: string;
  /** Its first process ends; what that left running lives on. */
  readonly leave: (how: Pick<AppExit, 'exitCode' | 'signal'>) => void;
  /** Nothing of it lives any more. */
  readonly vanish: () => void;
}

interface World {
  done: string[];
  open: OpenSession | null;
  held: OpenSession | null;
  where: Whereabouts;
  policy: typeof testDocument;
  stuck: string | null;
  storeWorks: boolean;
  flooded: boolean;
  onRecorded: () => void;
  onStart: () => void;
  onPrepare: (spec: LaunchSpec) => void;
  prepared: Promise<void>;
  started: Process[];
  recorded: AuditEvent[];
}

function fresh(): World {
  return {
    done: [],
    open: session,
    held: session,
    where: midday,
    policy: testDocument,
    stuck: null,
    storeWorks: true,
    flooded: false,
    onRecorded: () => {},
    onStart: () => {},
    onPrepare: () => {},
    prepared: Promise.resolve(),
    started: [],
    recorded: [],
  };
}

/** Bent by each test, and as new before the next one. */
export const world: World = fresh();

export function renew(): void {
  Object.assign(world, fresh());
}

/** As the launchers do: what is ended tells how it ended. */
export function kill(appId: string): void {
  for (const process of world.started.filter((each) => each.appId === appId)) {
    process.leave({ exitCode: null, signal: 'SIGKILL' });
    process.vanish();
  }
}

/** Ends by itself, with nothing left. Resolves when that was told. */
export async function end(process: Process | undefined, exitCode: number): Promise<void> {
  process?.leave({ exitCode, signal: null });
  process?.vanish();
  await Promise.resolve();
}

function processOf({ appId, sessionId }: LaunchSpec, onExit: (exit: AppExit) => void, vanish: () => void): Process {
  let hasExited = false;
  const leave: Process['leave'] = (how) => {
    if (!hasExited) onExit({ sessionId, appId, pid: 1, ...how });
    hasExited = true;
  };
  return { appId, leave, vanish };
}

const launcher: Launcher = {
  mode: { name: 'enforced', missing: [] },
  limits: 'process',
  openSession: () => {},
  openDesktop: () => Promise.reject(new Error('not here')),
  prepare: async (spec: LaunchSpec) => {
    await world.prepared;
    world.onPrepare(spec);
    world.done.push(`prepare ${spec.appId}`);
    const launch: PreparedLaunch = { ok: true, spec, sha256: spec.sha256 };
    return spec.path.endsWith('changed') ? { ok: false, reason: 'file-changed', detail: 'x' } : launch;
  },
  start: (launch, onExit) => {
    world.onStart();
    world.done.push(`start ${launch.spec.appId}`);
    const { appId, sessionId } = launch.spec;
    const gone = Promise.withResolvers<void>();
    world.started.push(processOf(launch.spec, onExit, gone.resolve));
    return Promise.resolve({ ok: true, pid: 1, appId, sessionId, gone: gone.promise });
  },
  discard: (launch) => world.done.push(`discard ${launch.spec.appId}`),
  endApp: (_session, appId) => {
    if (appId === world.stuck) return Promise.reject(new Error('still there'));
    world.done.push(`end ${appId}`);
    kill(appId);
    return Promise.resolve();
  },
  freeze: async (_session, appId, frozen) => {
    if (appId === world.stuck) throw new Error('does not stop');
    await world.prepared;
    world.done.push(`${frozen ? 'freeze' : 'thaw'} ${appId}`);
  },
  front: (_session, appId) => {
    if (appId === world.stuck) return Promise.reject(new Error('no display'));
    world.done.push(`front ${appId}`);
    return Promise.resolve(true);
  },
  keepFile: () => Promise.reject(new Error('not here')),
  endSession: (sessionId) => {
    for (const { appId } of world.started) kill(appId);
    return Promise.resolve({ sessionId, processes: 0, clean: true });
  },
  close: () => Promise.resolve(),
};

export function apps(): SessionApps {
  const recorder = new Recorder(silent, () => false);
  const write = (event: AuditEvent): Promise<{ seq: number | null }> => {
    if (!world.storeWorks) return Promise.reject(new WardlockError('AUDIT_STORE_FULL'));
    if (world.flooded && event.type === 'app.launched') return Promise.resolve({ seq: null });
    world.done.push(event.type);
    world.recorded.push(event);
    world.onRecorded();
    return Promise.resolve({ seq: 1 });
  };
  recorder.use({ append: write, appendEmergency: () => Promise.reject(new WardlockError('AUDIT_STORE_FULL')) }, []);
  const snapshot = (): PolicySnapshot => ({ document: world.policy, version: 4, sha256: '0'.repeat(64), expiresWallMs: 1 });
  return new SessionApps({
    launcher,
    recorder,
    clock: { bootId: 'b', bootMs: () => 0, wallMs: () => 0 },
    log: silent,
    snapshot,
    where: () => world.where,
    openSession: () => world.open,
    heldSession: () => world.held,
    web: (appId, action) => world.done.push(`web ${action} ${appId}`),
    display: () => Promise.resolve(),
    onChanged: () => {},
  });
}
