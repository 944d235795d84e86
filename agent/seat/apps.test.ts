/** The order of a launch: decided, prepared, recorded, started. Whatever fails before the record starts nothing. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { LaunchSpec } from '../launch/port.ts';
import type { SessionApps } from './apps.ts';
import { apps, end, renew, session, world } from './test-apps.ts';
import { testDocument } from './test-document.ts';

beforeEach(renew);

describe('a launch', () => {
  test.each(['calc', 'web'])('of %s that the record only counted does not happen', async (appId) => {
    world.flooded = true;
    const running = apps();
    expect(await running.launch(appId)).toBe(false);
    expect(running.stateOf(appId)).toBeUndefined();
    expect(world.done.filter((each) => /^(start|web world.open)/.test(each))).toEqual([]);
    expect(world.done).toContain('app.refused');
  });

  test('is recorded before it starts, and its exit after', async () => {
    const running = apps();
    expect(await running.launch('calc')).toBe(true);
    expect(world.done).toEqual(['prepare calc', 'app.launched', 'start calc']);
    expect(running.stateOf('calc')).toBe('running');
    await end(world.started[0], 0);
    expect(running.stateOf('calc')).toBeUndefined();
    expect(world.done.at(-1)).toBe('app.exited');
  });

  test('that can not be recorded does not happen', async () => {
    const running = apps();
    world.storeWorks = false;
    expect(await running.launch('calc')).toBe(false);
    expect(world.done).toEqual(['prepare calc', 'discard calc']);
    expect(running.message).toMatchObject({ key: 'store.full', code: 'AUDIT_STORE_FULL' });
    expect(running.stateOf('calc')).toBeUndefined();
  });

  test('does not happen when the seat locked while it was recorded', async () => {
    const running = apps();
    world.onRecorded = () => {
      world.open = null;
    };
    expect(await running.launch('calc')).toBe(false);
    expect(world.done).toEqual(['prepare calc', 'app.launched', 'discard calc']);
  });

  test.each([
    ['locked', null],
    ['opened for somebody else', { ...session, id: 'b'.repeat(32) }],
  ])('of a web application does not happen when the seat was %s while it was recorded', async (_name, next) => {
    const running = apps();
    world.onRecorded = () => {
      world.open = next;
    };
    expect(await running.launch('web')).toBe(false);
    expect(world.done).toEqual(['app.launched']);
    expect(running.stateOf('web')).toBeUndefined();
  });

  test.each([
    ['of a changed file', 'changed', 'app.changed', ['prepare changed', 'app.refused']],
    ['of an application that the role lacks', 'other', 'app.refused', ['app.refused']],
    ['of one that the policy does not know', 'shell', 'app.refused', ['app.refused']],
  ])('%s is refused, recorded and explained', async (_name, appId, key, order) => {
    const running = apps();
    expect(await running.launch(appId)).toBe(false);
    expect(world.done).toEqual(order);
    expect(running.message).toMatchObject({ key });
  });

  test('at a locked seat is refused', async () => {
    world.open = null;
    const running = apps();
    expect(await running.launch('calc')).toBe(false);
    expect(world.done).toEqual(['app.refused']);
  });

  test('of a running application starts no second one and brings the first to the front', async () => {
    const running = apps();
    await running.launch('web');
    expect(await running.launch('web')).toBe(true);
    await running.launch('calc');
    expect(await running.launch('calc')).toBe(true);
    expect(world.done).toEqual([
      'app.launched',
      'web open web',
      'web open web',
      'prepare calc',
      'app.launched',
      'start calc',
      'front calc',
    ]);
  });

  test('that a policy in monitor mode would deny is started, and the record says what would have denied it', async () => {
    world.policy = { ...testDocument, mode: 'monitor', roles: [{ id: 'nurse', name: 'Nurse', apps: ['web'] }] };
    expect(await apps().launch('calc')).toBe(true);
    expect(world.done).toEqual(['prepare calc', 'app.launched', 'start calc']);
    expect(world.recorded[0]?.body).toMatchObject({ app: 'calc', rule: 'role:nurse', wouldDeny: 'role-lacks-app' });
    world.done = [];
    expect(await apps().launch('web')).toBe(true);
    expect(world.recorded[1]?.body).not.toHaveProperty('wouldDeny');
    expect(await apps().launch('unnamed')).toBe(false);
  });
  test('is over when its session ends: every exit is in the record', async () => {
    const running = apps();
    await running.launch('web');
    await running.launch('calc');
    world.done = [];
    expect(await running.endSession(session.id)).toBe(true);
    expect(world.done).toEqual(['web closeAll all', 'app.exited', 'app.exited']);
  });
});

describe('a lock', () => {
  const onLock = (choice: 'keep' | 'freeze' | 'end'): typeof testDocument => ({
    ...testDocument,
    apps: testDocument.apps.map((app) => ({ ...app, onLock: choice })),
  });
  const lockedWith = async (choice: 'keep' | 'freeze' | 'end'): Promise<SessionApps> => {
    world.open = session;
    world.started = [];
    world.policy = onLock(choice);
    const running = apps();
    await running.launch('calc');
    await running.launch('web');
    world.done = [];
    world.open = null;
    await running.follow();
    return running;
  };

  test('does to each application what the policy says, and says so', async () => {
    await lockedWith('keep');
    expect(world.done).toEqual([]);
    await lockedWith('end');
    expect(world.done).toEqual(['end calc', 'app.exited', 'web close web', 'app.exited']);
    const running = await lockedWith('freeze');
    expect(world.done).toEqual(['freeze calc', 'app.frozen']);
    expect(world.recorded.at(-1)).toEqual({ type: 'app.frozen', body: { session: session.id, app: 'calc', frozen: true } });
    await running.follow();
    world.open = session;
    await running.follow();
    await running.follow();
    expect(world.done.slice(2)).toEqual(['thaw calc', 'app.frozen']);
    expect(world.recorded.at(-1)).toMatchObject({ body: { frozen: false } });
  });

  test('that is undone while it is being followed leaves nothing frozen', async () => {
    const running = await lockedWith('keep');
    world.policy = onLock('freeze');
    world.open = session;
    await running.close('calc');
    await running.launch('calc');
    const slow = Promise.withResolvers<void>();
    world.prepared = slow.promise;
    world.open = null;
    const locking = running.follow();
    await Promise.resolve();
    world.open = session;
    const opening = running.follow();
    slow.resolve();
    await Promise.all([locking, opening]);
    expect(world.done.filter((each) => /^(freeze|thaw)/u.test(each)).at(-1)).not.toBe('freeze calc');
  });

  test('ends what can not be stopped, and what starts in that very moment stands still as well', async () => {
    world.policy = onLock('freeze');
    const running = apps();
    await running.launch('calc');
    world.open = null;
    world.stuck = 'calc';
    const ending = running.follow();
    await Promise.resolve();
    await ending;
    expect(running.stateOf('calc')).toBe('running');
    world.stuck = null;
    await running.follow();
    expect(world.done.slice(-2)).toEqual(['freeze calc', 'app.frozen']);
    world.done = [];
    world.open = session;
    const again = apps();
    world.onStart = () => {
      world.open = null;
    };
    await again.launch('calc');
    await again.follow();
    expect(world.done.slice(-2)).toEqual(['freeze calc', 'app.frozen']);
  });
});

describe('what the policy says of a program', () => {
  test('reaches the launcher: scripts, working folder, and whether there may be two', async () => {
    const scripts = [{ path: '/opt/a.py', sha256: '1'.repeat(64) }];
    const specs: LaunchSpec[] = [];
    world.onPrepare = (spec) => specs.push(spec);
    world.policy = {
      ...testDocument,
      apps: testDocument.apps.map((app) =>
        app.kind === 'native' ? { ...app, scripts, workingFolder: '/opt/x', oneInstance: false } : app,
      ),
    };
    const running = apps();
    await running.launch('calc');
    await running.launch('calc');
    expect(specs).toEqual([expect.objectContaining({ scripts, cwd: '/opt/x' }), expect.objectContaining({ scripts, cwd: '/opt/x' })]);
    await end(world.started[0], 0);
    expect(running.stateOf('calc')).toBe('running');
    await end(world.started[1], 0);
    expect(running.stateOf('calc')).toBeUndefined();
    expect(world.recorded.filter(({ type }) => type === 'app.exited')).toHaveLength(2);
  });
});

describe('an application whose first process has ended and left another', () => {
  const left = async (onLock: 'keep' | 'freeze' | 'end'): Promise<SessionApps> => {
    world.policy = { ...testDocument, apps: testDocument.apps.map((app) => ({ ...app, onLock })) };
    const running = apps();
    await running.launch('calc');
    world.started[0]?.leave({ exitCode: 5, signal: null });
    await Promise.resolve();
    world.done = [];
    return running;
  };
  const exits = (): readonly unknown[] => world.recorded.filter(({ type }) => type === 'app.exited').map(({ body }) => body);

  test.each([
    ['freeze', ['freeze calc', 'app.frozen']],
    ['end', ['end calc', 'app.exited']],
  ] as const)('does on a lock what the policy says: %s', async (onLock, order) => {
    const running = await left(onLock);
    world.open = null;
    await running.follow();
    expect(world.done).toEqual(order);
  });

  test('is ended by a policy that no longer names it', async () => {
    const running = await left('keep');
    world.policy = { ...testDocument, apps: testDocument.apps.slice(2) };
    await running.enforce();
    expect(world.done).toEqual(['end calc', 'app.exited']);
  });

  test('is not started a second time, and can be closed: the record then has the code of its first process, once', async () => {
    const running = await left('keep');
    expect(await running.launch('calc')).toBe(true);
    expect(world.done).toEqual(['front calc']);
    expect(exits()).toEqual([]);
    expect(await running.close('calc')).toBe(true);
    world.started[0]?.vanish();
    await Promise.resolve();
    expect(exits()).toEqual([expect.objectContaining({ app: 'calc', exitCode: 5, signal: null })]);
    expect(await running.close('calc')).toBe(false);
  });

  test('has ended when the last of it has', async () => {
    const running = await left('keep');
    expect(running.stateOf('calc')).toBe('running');
    world.started[0]?.vanish();
    await Promise.resolve();
    expect(running.stateOf('calc')).toBeUndefined();
    expect(exits()).toEqual([expect.objectContaining({ exitCode: 5 })]);
  });
});

describe('an application that runs and is wanted in front', () => {
  test('is brought there by its tile where there may be one, and by its place on the bar, without a word in the record', async () => {
    const running = apps();
    await running.launch('calc');
    world.done = [];
    expect(await running.launch('calc')).toBe(true);
    expect(await running.front('calc')).toBe(true);
    expect(world.done).toEqual(['front calc', 'front calc']);
  });

  test('of the web is ordered open again, because other screens may have opened it, but never while it is only being recorded', async () => {
    const running = apps();
    const started = running.launch('web');
    expect(await running.launch('web')).toBe(true);
    expect(await running.front('web')).toBe(false);
    expect(world.done).not.toContain('web open web');
    await started;
    world.done = [];
    expect(await running.front('web')).toBe(true);
    world.open = null;
    expect(await running.front('web')).toBe(false);
    expect(world.done).toEqual(['web open web']);
  });

  test('stays where it is while the seat is locked, where it does not run, and where the display does not answer', async () => {
    const running = apps();
    expect(await running.front('calc')).toBe(false);
    await running.launch('calc');
    world.done = [];
    world.open = null;
    expect(await running.front('calc')).toBe(false);
    world.open = session;
    world.stuck = 'calc';
    expect(await running.front('calc')).toBe(false);
    // It runs all the same, so it was taken.
    expect(await running.launch('calc')).toBe(true);
    expect(world.done).toEqual([]);
  });
});

describe('the record of an end', () => {
  const exit = (): unknown => world.recorded.findLast((event) => event.type === 'app.exited')?.body;

  test('says by what signal the application really ended, when it is closed and when its session ends', async () => {
    const running = apps();
    await running.launch('calc');
    await running.close('calc');
    expect(exit()).toMatchObject({ app: 'calc', exitCode: null, signal: 'SIGKILL' });
    await running.launch('calc');
    await running.endSession(session.id);
    expect(exit()).toMatchObject({ app: 'calc', exitCode: null, signal: 'SIGKILL' });
    expect(world.recorded.filter(({ type }) => type === 'app.exited')).toHaveLength(2);
  });

  test('keeps the code of one that ended by itself, and names no signal for what has no process', async () => {
    const running = apps();
    await running.launch('calc');
    world.started[0]?.leave({ exitCode: 3, signal: null });
    await running.endSession(session.id);
    expect(exit()).toMatchObject({ app: 'calc', exitCode: 3, signal: null });
    await running.launch('web');
    await running.close('web');
    expect(exit()).toMatchObject({ app: 'web', exitCode: null, signal: null });
  });
});
