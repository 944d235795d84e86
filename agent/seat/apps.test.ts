/** The order of a launch: decided, prepared, recorded, started. Whatever fails before the record starts nothing. */
import { beforeEach, describe, expect, test } from 'vitest';
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
const midday: Whereabouts = { ward: 'icu', seat: 'Bay 4', day: 'mon', minute: 12 * 60 };
const session: OpenSession = {
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

let done: string[] = [];
let open: OpenSession | null = session;
let held: OpenSession | null = session;
let where = midday;
let policy = testDocument;
let stuck: string | null = null;
let storeWorks = true;
let flooded = false;
let onRecorded = (): void => {};
let onStart = (): void => {};
let onPrepare = (_spec: LaunchSpec): void => {};
let prepared: Promise<void> = Promise.resolve();
let exits: ((exit: AppExit) => void)[] = [];
let alive = new Map<string, (exit: AppExit) => void>();
let recorded: AuditEvent[] = [];

/** As the launchers do: what is ended tells how it ended. */
function kill(appId: string): void {
  const onExit = alive.get(appId);
  alive.delete(appId);
  onExit?.({ sessionId: session.id, appId, pid: 1, exitCode: null, signal: 'SIGKILL' });
}

const launcher: Launcher = {
  mode: { name: 'enforced', missing: [] },
  openSession: () => {},
  openDesktop: () => Promise.reject(new Error('not here')),
  prepare: async (spec: LaunchSpec) => {
    await prepared;
    onPrepare(spec);
    done.push(`prepare ${spec.appId}`);
    const launch: PreparedLaunch = { ok: true, spec, sha256: spec.sha256 };
    return spec.path.endsWith('changed') ? { ok: false, reason: 'file-changed', detail: 'x' } : launch;
  },
  start: (prepared, onExit) => {
    onStart();
    done.push(`start ${prepared.spec.appId}`);
    exits.push(onExit);
    alive.set(prepared.spec.appId, onExit);
    return Promise.resolve({ ok: true, pid: 1, appId: prepared.spec.appId, sessionId: prepared.spec.sessionId });
  },
  discard: (prepared) => done.push(`discard ${prepared.spec.appId}`),
  endApp: (_session, appId) => {
    if (appId === stuck) return Promise.reject(new Error('still there'));
    done.push(`end ${appId}`);
    kill(appId);
    return Promise.resolve();
  },
  freeze: async (_session, appId, frozen) => {
    if (appId === stuck) throw new Error('does not stop');
    await prepared;
    done.push(`${frozen ? 'freeze' : 'thaw'} ${appId}`);
  },
  endSession: (sessionId) => {
    for (const appId of [...alive.keys()]) kill(appId);
    return Promise.resolve({ sessionId, processes: 0, clean: true });
  },
  close: () => Promise.resolve(),
};

function apps(): SessionApps {
  const recorder = new Recorder(silent, () => false);
  const write = (event: AuditEvent): Promise<{ seq: number | null }> => {
    if (!storeWorks) return Promise.reject(new WardlockError('AUDIT_STORE_FULL'));
    if (flooded && event.type === 'app.launched') return Promise.resolve({ seq: null });
    done.push(event.type);
    recorded.push(event);
    onRecorded();
    return Promise.resolve({ seq: 1 });
  };
  recorder.use({ append: write, appendEmergency: () => Promise.reject(new WardlockError('AUDIT_STORE_FULL')) }, []);
  const snapshot = (): PolicySnapshot => ({ document: policy, version: 4, sha256: '0'.repeat(64), expiresWallMs: 1 });
  return new SessionApps({
    launcher,
    recorder,
    clock: { bootId: 'b', bootMs: () => 0, wallMs: () => 0 },
    log: silent,
    snapshot,
    where: () => where,
    openSession: () => open,
    heldSession: () => held,
    web: (appId, action) => done.push(`web ${action} ${appId}`),
    display: () => Promise.resolve(),
    onChanged: () => {},
  });
}

beforeEach(() => {
  done = [];
  exits = [];
  alive = new Map();
  recorded = [];
  open = session;
  held = session;
  policy = testDocument;
  stuck = null;
  storeWorks = true;
  flooded = false;
  where = midday;
  onRecorded = () => {};
  onStart = () => {};
  onPrepare = () => {};
  prepared = Promise.resolve();
});

describe('a launch', () => {
  test.each(['calc', 'web'])('of %s that the record only counted does not happen', async (appId) => {
    flooded = true;
    const running = apps();
    expect(await running.launch(appId)).toBe(false);
    expect(running.stateOf(appId)).toBeUndefined();
    expect(done.filter((each) => /^(start|web open)/.test(each))).toEqual([]);
    expect(done).toContain('app.refused');
  });

  test('is recorded before it starts, and its exit after', async () => {
    const running = apps();
    expect(await running.launch('calc')).toBe(true);
    expect(done).toEqual(['prepare calc', 'app.launched', 'start calc']);
    expect(running.stateOf('calc')).toBe('running');
    exits[0]?.({ sessionId: session.id, appId: 'calc', pid: 1, exitCode: 0, signal: null });
    expect(running.stateOf('calc')).toBeUndefined();
    expect(done.at(-1)).toBe('app.exited');
  });

  test('that can not be recorded does not happen', async () => {
    const running = apps();
    storeWorks = false;
    expect(await running.launch('calc')).toBe(false);
    expect(done).toEqual(['prepare calc', 'discard calc']);
    expect(running.message).toMatchObject({ key: 'store.broken' });
    expect(running.stateOf('calc')).toBeUndefined();
  });

  test('does not happen when the seat locked while it was recorded', async () => {
    const running = apps();
    onRecorded = () => {
      open = null;
    };
    expect(await running.launch('calc')).toBe(false);
    expect(done).toEqual(['prepare calc', 'app.launched', 'discard calc']);
  });

  test.each([
    ['locked', null],
    ['opened for somebody else', { ...session, id: 'b'.repeat(32) }],
  ])('of a web application does not happen when the seat was %s while it was recorded', async (_name, next) => {
    const running = apps();
    onRecorded = () => {
      open = next;
    };
    expect(await running.launch('web')).toBe(false);
    expect(done).toEqual(['app.launched']);
    expect(running.stateOf('web')).toBeUndefined();
  });

  test.each([
    ['of a changed file', 'changed', 'app.changed', ['prepare changed', 'app.refused']],
    ['of an application that the role lacks', 'other', 'app.refused', ['app.refused']],
    ['of one that the policy does not know', 'shell', 'app.refused', ['app.refused']],
  ])('%s is refused, recorded and explained', async (_name, appId, key, order) => {
    const running = apps();
    expect(await running.launch(appId)).toBe(false);
    expect(done).toEqual(order);
    expect(running.message).toMatchObject({ key });
  });

  test('at a locked seat is refused', async () => {
    open = null;
    const running = apps();
    expect(await running.launch('calc')).toBe(false);
    expect(done).toEqual(['app.refused']);
  });

  test('of a running application starts no second one', async () => {
    const running = apps();
    await running.launch('web');
    expect(await running.launch('web')).toBe(true);
    await running.launch('calc');
    expect(await running.launch('calc')).toBe(true);
    expect(done).toEqual(['app.launched', 'web open web', 'web open web', 'prepare calc', 'app.launched', 'start calc']);
  });

  test('that a policy in monitor mode would deny is started, and the record says what would have denied it', async () => {
    policy = { ...testDocument, mode: 'monitor', roles: [{ id: 'nurse', name: 'Nurse', apps: ['web'] }] };
    expect(await apps().launch('calc')).toBe(true);
    expect(done).toEqual(['prepare calc', 'app.launched', 'start calc']);
    expect(recorded[0]?.body).toMatchObject({ app: 'calc', rule: 'role:nurse', wouldDeny: 'role-lacks-app' });
    done = [];
    expect(await apps().launch('web')).toBe(true);
    expect(recorded[1]?.body).not.toHaveProperty('wouldDeny');
    expect(await apps().launch('unnamed')).toBe(false);
  });
  test('is over when its session ends: every exit is in the record', async () => {
    const running = apps();
    await running.launch('web');
    await running.launch('calc');
    done = [];
    expect(await running.endSession(session.id)).toBe(true);
    expect(done).toEqual(['web closeAll all', 'app.exited', 'app.exited']);
  });
});

describe('a lock', () => {
  const onLock = (choice: 'keep' | 'freeze' | 'end'): typeof testDocument => ({
    ...testDocument,
    apps: testDocument.apps.map((app) => ({ ...app, onLock: choice })),
  });
  const lockedWith = async (choice: 'keep' | 'freeze' | 'end'): Promise<SessionApps> => {
    open = session;
    policy = onLock(choice);
    const running = apps();
    await running.launch('calc');
    await running.launch('web');
    done = [];
    open = null;
    await running.follow();
    return running;
  };

  test('does to each application what the policy says, and says so', async () => {
    await lockedWith('keep');
    expect(done).toEqual([]);
    await lockedWith('end');
    expect(done).toEqual(['end calc', 'app.exited', 'web close web', 'app.exited']);
    const running = await lockedWith('freeze');
    expect(done).toEqual(['freeze calc', 'app.frozen']);
    expect(recorded.at(-1)).toEqual({ type: 'app.frozen', body: { session: session.id, app: 'calc', frozen: true } });
    await running.follow();
    open = session;
    await running.follow();
    await running.follow();
    expect(done.slice(2)).toEqual(['thaw calc', 'app.frozen']);
    expect(recorded.at(-1)).toMatchObject({ body: { frozen: false } });
  });

  test('that is undone while it is being followed leaves nothing frozen', async () => {
    const running = await lockedWith('keep');
    policy = onLock('freeze');
    open = session;
    await running.close('calc');
    await running.launch('calc');
    const slow = Promise.withResolvers<void>();
    prepared = slow.promise;
    open = null;
    const locking = running.follow();
    await Promise.resolve();
    open = session;
    const opening = running.follow();
    slow.resolve();
    await Promise.all([locking, opening]);
    expect(done.filter((each) => /^(freeze|thaw)/u.test(each)).at(-1)).not.toBe('freeze calc');
  });

  test('ends what can not be stopped, and what starts in that very moment stands still as well', async () => {
    policy = onLock('freeze');
    const running = apps();
    await running.launch('calc');
    open = null;
    stuck = 'calc';
    const ending = running.follow();
    await Promise.resolve();
    await ending;
    expect(running.stateOf('calc')).toBe('running');
    stuck = null;
    await running.follow();
    expect(done.slice(-2)).toEqual(['freeze calc', 'app.frozen']);
    done = [];
    open = session;
    const again = apps();
    onStart = () => {
      open = null;
    };
    await again.launch('calc');
    await again.follow();
    expect(done.slice(-2)).toEqual(['freeze calc', 'app.frozen']);
  });
});

describe('what the policy says of a program', () => {
  test('reaches the launcher: scripts, working folder, and whether there may be two', async () => {
    const scripts = [{ path: '/opt/a.py', sha256: '1'.repeat(64) }];
    const specs: LaunchSpec[] = [];
    onPrepare = (spec) => specs.push(spec);
    policy = {
      ...testDocument,
      apps: testDocument.apps.map((app) =>
        app.kind === 'native' ? { ...app, scripts, workingFolder: '/opt/x', oneInstance: false } : app,
      ),
    };
    const running = apps();
    await running.launch('calc');
    await running.launch('calc');
    expect(specs).toEqual([expect.objectContaining({ scripts, cwd: '/opt/x' }), expect.objectContaining({ scripts, cwd: '/opt/x' })]);
    exits[0]?.({ sessionId: session.id, appId: 'calc', pid: 1, exitCode: 0, signal: null });
    expect(running.stateOf('calc')).toBe('running');
    exits[1]?.({ sessionId: session.id, appId: 'calc', pid: 2, exitCode: 0, signal: null });
    expect(running.stateOf('calc')).toBeUndefined();
    expect(recorded.filter(({ type }) => type === 'app.exited')).toHaveLength(2);
  });
});

describe('the record of an end', () => {
  const exit = (): unknown => recorded.findLast((event) => event.type === 'app.exited')?.body;

  test('says by what signal the application really ended, when it is closed and when its session ends', async () => {
    const running = apps();
    await running.launch('calc');
    await running.close('calc');
    expect(exit()).toMatchObject({ app: 'calc', exitCode: null, signal: 'SIGKILL' });
    await running.launch('calc');
    await running.endSession(session.id);
    expect(exit()).toMatchObject({ app: 'calc', exitCode: null, signal: 'SIGKILL' });
    expect(recorded.filter(({ type }) => type === 'app.exited')).toHaveLength(2);
  });

  test('keeps the code of one that ended by itself, and names no signal for what has no process', async () => {
    const running = apps();
    await running.launch('calc');
    exits[0]?.({ sessionId: session.id, appId: 'calc', pid: 1, exitCode: 3, signal: null });
    await running.endSession(session.id);
    expect(exit()).toMatchObject({ app: 'calc', exitCode: 3, signal: null });
    await running.launch('web');
    await running.close('web');
    expect(exit()).toMatchObject({ app: 'web', exitCode: null, signal: null });
  });
});

describe('a launch that outlives what it was for', () => {
  const next = { ...session, id: 'b'.repeat(32) };

  test('takes nothing from the one of the next person', async () => {
    const running = apps();
    const slow = Promise.withResolvers<void>();
    prepared = slow.promise;
    const former = running.launch('calc');
    await running.endSession(session.id);
    prepared = Promise.resolve();
    open = next;
    expect(await running.launch('calc')).toBe(true);
    done = [];
    slow.resolve();
    expect(await former).toBe(false);
    expect(done).toEqual(['prepare calc', 'app.launched', 'discard calc']);
    expect(running.stateOf('calc')).toBe('running');
  });

  test('is not over because an earlier process of it exits late', async () => {
    const running = apps();
    await running.launch('calc');
    await running.close('calc');
    const slow = Promise.withResolvers<void>();
    prepared = slow.promise;
    const latter = running.launch('calc');
    exits[0]?.({ sessionId: session.id, appId: 'calc', pid: 1, exitCode: 0, signal: null });
    expect(running.stateOf('calc')).toBe('starting');
    slow.resolve();
    await latter;
  });

  test('counts as started when the program has ended before its start was told', async () => {
    const running = apps();
    onStart = () => queueMicrotask(() => kill('calc'));
    expect(await running.launch('calc')).toBe(true);
    expect(running.stateOf('calc')).toBeUndefined();
    expect(done).not.toContain('end calc');
  });

  test('ends what has just begun when it was closed while it started', async () => {
    const running = apps();
    onStart = () => void running.close('calc');
    expect(await running.launch('calc')).toBe(false);
    expect(done.slice(-2)).toEqual(['app.exited', 'end calc']);
  });

  test('does not start an application that a new policy ended meanwhile', async () => {
    const running = apps();
    onRecorded = () => {
      onRecorded = () => {};
      policy = { ...testDocument, apps: testDocument.apps.slice(1) };
      void running.enforce();
    };
    expect(await running.launch('calc')).toBe(false);
    expect(done).not.toContain('start calc');
  });
});

describe('a new policy', () => {
  const changed = (change: Readonly<Record<string, unknown>>, appId: string): typeof testDocument => ({
    ...testDocument,
    apps: testDocument.apps.map((app) => (app.id === appId ? { ...app, ...change } : app)),
  });
  const roles = [{ id: 'nurse', name: 'Nurse', apps: ['other'] }];

  test.each([
    ['forbidden at a locked seat', { ...testDocument, roles }, ['end calc', 'app.exited', 'web close web', 'app.exited']],
    ['gone', { ...testDocument, apps: testDocument.apps.slice(2) }, ['end calc', 'app.exited', 'web close web', 'app.exited']],
    ['of another content', changed({ sha256: '1'.repeat(64) }, 'calc'), ['end calc', 'app.exited']],
    ['of other arguments', changed({ args: [] }, 'calc'), ['end calc', 'app.exited']],
    ['of other children', changed({ children: [{ path: '/bin/a', sha256: '1'.repeat(64) }] }, 'calc'), ['end calc', 'app.exited']],
    ['of another address', changed({ url: 'https://c.example/' }, 'web'), ['web close web', 'app.exited']],
    ['of other origins', changed({ origins: ['https://c.example'] }, 'web'), ['web close web', 'app.exited']],
    ['called and pictured otherwise', changed({ name: 'Sums', icon: 'sums' }, 'calc'), []],
  ])('ends what is now %s', async (_name, next, order) => {
    const running = apps();
    await running.launch('calc');
    await running.launch('web');
    done = [];
    open = null;
    policy = next;
    await running.enforce();
    expect(done).toEqual(order);
  });

  test('ends what a rule takes away as the clock turns, and a launch is decided by the same clock', async () => {
    policy = { ...testDocument, rules: [{ id: 'nights', effect: 'deny', apps: ['calc'], between: { from: '22:00', until: '06:00' } }] };
    const running = apps();
    expect(await running.launch('calc')).toBe(true);
    await running.enforce();
    expect(running.stateOf('calc')).toBe('running');
    where = { ...midday, minute: 22 * 60 };
    await running.enforce();
    expect(running.stateOf('calc')).toBeUndefined();
    expect(await running.launch('calc')).toBe(false);
  });

  test('starts an application without a child program that was recalled, and ends one that has it', async () => {
    const child = { path: '/bin/a', sha256: '1'.repeat(64) };
    const apart = changed({ children: [child] }, 'calc');
    const specs: LaunchSpec[] = [];
    onPrepare = (spec) => specs.push(spec);
    policy = apart;
    const running = apps();
    await running.launch('calc');
    policy = { ...apart, rules: [{ id: 'recall', effect: 'deny', contents: [child.sha256] }] };
    await running.enforce();
    expect(running.stateOf('calc')).toBeUndefined();
    await running.launch('calc');
    expect(specs.map(({ children }) => children)).toEqual([[child], []]);
    await running.enforce();
    expect(running.stateOf('calc')).toBe('running');
  });

  test('ends the others when one can not be ended, and that one at the next try', async () => {
    const running = apps();
    await running.launch('calc');
    await running.launch('web');
    done = [];
    policy = { ...testDocument, roles };
    stuck = 'calc';
    await running.enforce();
    expect(done).toEqual(['web close web', 'app.exited']);
    expect(running.stateOf('calc')).toBe('running');
    stuck = null;
    await running.enforce();
    expect(running.stateOf('calc')).toBeUndefined();
  });
});
