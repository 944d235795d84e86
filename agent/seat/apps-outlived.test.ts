/** Launches that outlive what they were for, and policies that change under running applications. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { LaunchSpec } from '../launch/port.ts';
import { apps, end, kill, midday, renew, session, world } from './test-apps.ts';
import { testDocument } from './test-document.ts';

beforeEach(renew);

describe('a launch that outlives what it was for', () => {
  const next = { ...session, id: 'b'.repeat(32) };

  test('takes nothing from the one of the next person', async () => {
    const running = apps();
    const slow = Promise.withResolvers<void>();
    world.prepared = slow.promise;
    const former = running.launch('calc');
    await running.endSession(session.id);
    world.prepared = Promise.resolve();
    world.open = next;
    expect(await running.launch('calc')).toBe(true);
    world.done = [];
    slow.resolve();
    expect(await former).toBe(false);
    expect(world.done).toEqual(['prepare calc', 'app.launched', 'discard calc']);
    expect(running.stateOf('calc')).toBe('running');
  });

  test('is not over because an earlier process of it exits late', async () => {
    const running = apps();
    await running.launch('calc');
    await running.close('calc');
    const slow = Promise.withResolvers<void>();
    world.prepared = slow.promise;
    const latter = running.launch('calc');
    await end(world.started[0], 0);
    expect(running.stateOf('calc')).toBe('starting');
    slow.resolve();
    await latter;
  });

  test('counts as started when the program has ended before its start was told', async () => {
    const running = apps();
    world.onStart = () => queueMicrotask(() => kill('calc'));
    expect(await running.launch('calc')).toBe(true);
    expect(running.stateOf('calc')).toBeUndefined();
    expect(world.done).not.toContain('end calc');
  });

  test('is running when its first process has ended before its start was told and left another', async () => {
    const running = apps();
    world.onStart = () => queueMicrotask(() => world.started[0]?.leave({ exitCode: 0, signal: null }));
    expect(await running.launch('calc')).toBe(true);
    expect(running.stateOf('calc')).toBe('running');
    await running.close('calc');
    expect(world.done.slice(-2)).toEqual(['end calc', 'app.exited']);
  });

  test('ends what has just begun when it was closed while it started', async () => {
    const running = apps();
    world.onStart = () => void running.close('calc');
    expect(await running.launch('calc')).toBe(false);
    expect(world.done.slice(-2)).toEqual(['app.exited', 'end calc']);
  });

  test('does not start an application that a new policy ended meanwhile', async () => {
    const running = apps();
    world.onRecorded = () => {
      world.onRecorded = () => {};
      world.policy = { ...testDocument, apps: testDocument.apps.slice(1) };
      void running.enforce();
    };
    expect(await running.launch('calc')).toBe(false);
    expect(world.done).not.toContain('start calc');
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
    ['of other patterns', changed({ patterns: ['https://a.example/x/**'] }, 'web'), ['web close web', 'app.exited']],
    ['of another clipboard', changed({ clipboard: 'read-write' }, 'web'), ['web close web', 'app.exited']],
    ['called and pictured otherwise', changed({ name: 'Sums', icon: 'sums' }, 'calc'), []],
  ])('ends what is now %s', async (_name, next, order) => {
    const running = apps();
    await running.launch('calc');
    await running.launch('web');
    world.done = [];
    world.open = null;
    world.policy = next;
    await running.enforce();
    expect(world.done).toEqual(order);
  });

  test('ends what a rule takes away as the clock turns, and a launch is decided by the same clock', async () => {
    world.policy = {
      ...testDocument,
      rules: [{ id: 'nights', effect: 'deny', apps: ['calc'], between: { from: '22:00', until: '06:00' } }],
    };
    const running = apps();
    expect(await running.launch('calc')).toBe(true);
    await running.enforce();
    expect(running.stateOf('calc')).toBe('running');
    world.where = { ...midday, minute: 22 * 60 };
    await running.enforce();
    expect(running.stateOf('calc')).toBeUndefined();
    expect(await running.launch('calc')).toBe(false);
  });

  test('starts an application without a child program that was recalled, and ends one that has it', async () => {
    const child = { path: '/bin/a', sha256: '1'.repeat(64) };
    const apart = changed({ children: [child] }, 'calc');
    const specs: LaunchSpec[] = [];
    world.onPrepare = (spec) => specs.push(spec);
    world.policy = apart;
    const running = apps();
    await running.launch('calc');
    world.policy = { ...apart, rules: [{ id: 'recall', effect: 'deny', contents: [child.sha256] }] };
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
    world.done = [];
    world.policy = { ...testDocument, roles };
    world.stuck = 'calc';
    await running.enforce();
    expect(world.done).toEqual(['web close web', 'app.exited']);
    expect(running.stateOf('calc')).toBe('running');
    world.stuck = null;
    await running.enforce();
    expect(running.stateOf('calc')).toBeUndefined();
  });
});
