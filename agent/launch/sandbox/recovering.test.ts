/** A seat whose layers do not work when its agent starts: refused until they do, without a restart, and known to the sessions of then. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EnforcementMode, Launcher } from '../port.ts';
import { RefusingLauncher } from '../refusing.ts';
import { withRecovery } from './recovering.ts';

const LONG_MS = 10 * 60_000;
const spec = { sessionId: 'a', appId: 'app', path: '/bin/true', sha256: '', args: [], env: {}, children: [] };

/** Stands for a launcher whose layers work; notes what it was told. */
class Working extends RefusingLauncher {
  readonly told: string[] = [];

  constructor() {
    super({ name: 'enforced', missing: [] } satisfies EnforcementMode);
  }

  override openSession({ sessionId }: { readonly sessionId?: string } = {}): void {
    this.told.push(`open ${sessionId}`);
  }

  override async close(): Promise<void> {
    this.told.push('close');
  }
}

let failure: string | undefined;
let attempts: number;
let said: string[];
let working: Working;
const launchers: Launcher[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  failure = 'no group';
  attempts = 0;
  said = [];
  working = new Working();
});
afterEach(async () => {
  await Promise.all(launchers.splice(0).map((launcher) => launcher.close()));
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function begin(): Promise<Launcher> {
  const launcher = await withRecovery({
    attempt: async () => {
      attempts += 1;
      if (failure !== undefined) throw new Error(failure);
      return working;
    },
    log: (level, _message, fields) => said.push(`${level} ${fields?.cause ?? ''}`.trim()),
  });
  launchers.push(launcher);
  return launcher;
}

test('where the first attempt works, its launcher is the one', async () => {
  failure = undefined;
  expect(await begin()).toBe(working);
  await pass(LONG_MS);
  expect([attempts, said]).toEqual([1, []]);
});

test('it refuses with the reason while nothing works, says so once for each reason, and is back with the first attempt that works', async () => {
  const launcher = await begin();
  await pass(LONG_MS);
  expect(launcher.mode).toMatchObject({
    name: 'refusing',
    missing: [{ layer: 'namespaces', meaning: expect.stringContaining('(no group)') }],
  });
  expect(await launcher.prepare(spec)).toMatchObject({ ok: false, reason: 'enforcement-missing' });
  expect(said).toEqual(['error no group']);
  failure = 'no memory';
  await pass(LONG_MS);
  expect(launcher.mode).toMatchObject({ name: 'refusing', missing: [{ meaning: expect.stringContaining('(no memory)') }] });
  failure = undefined;
  await pass(LONG_MS);
  expect(launcher.mode.name).toBe('enforced');
  expect(said).toEqual(['error no group', 'error no memory', 'info']);
  const made = attempts;
  await pass(LONG_MS);
  expect(attempts).toBe(made);
});

test('the sessions that are open when it is back are known to the launcher that works, and the later ones', async () => {
  const launcher = await begin();
  for (const sessionId of ['a', 'b']) launcher.openSession({ sessionId });
  await launcher.endSession('a');
  failure = undefined;
  await pass(LONG_MS);
  launcher.openSession({ sessionId: 'c' });
  expect(working.told).toEqual(['open b', 'open c']);
});

test('once it is closed nothing is tried; what an attempt brings while it closes is closed too', async () => {
  const launcher = await begin();
  await launcher.close();
  await pass(LONG_MS);
  expect(attempts).toBe(1);
  const other = await begin();
  failure = undefined;
  vi.advanceTimersToNextTimer();
  await other.close();
  expect(working.told).toEqual(['close']);
});
