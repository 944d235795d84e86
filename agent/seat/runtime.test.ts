/** What the seat remembers of prompts for the PIN over a shift, with readers that read a card again and again, and of guesses at codes. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { SHIFT_PAUSE_MS } from '../../core/credentials/shift.ts';
import { person, rules } from '../../core/session/world.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { secretBox } from '../keys/index.ts';
import { Recorder } from '../record/recorder.ts';
import { SeatMemory } from '../state/memory.ts';
import { SeatRuntime } from './runtime.ts';

const PIN = '246810';
const ada = person('ada');
const ben = person('ben');
const log = { info: () => {}, warn: () => {}, error: () => {} };
const now = { bootMs: 1_000, wallMs: Date.parse('2026-03-02T06:00:00Z') };
const clock = { bootId: 'b', bootMs: () => now.bootMs, wallMs: () => now.wallMs };

let dir: string;
let memory: SeatMemory;
let runtime: SeatRuntime;
let written: AuditEvent[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wl-runtime-'));
  written = [];
  memory = new SeatMemory(join(dir, 'memory'), secretBox(nodeCrypto, randomBytes(32)), clock);
  const recorder = new Recorder(log, () => true);
  const append = async (event: AuditEvent) => ({ seq: written.push(event) });
  recorder.use({ append, appendEmergency: append }, []);
  runtime = new SeatRuntime({
    ...{ clock, log, recorder, memory },
    surroundings: () => ({ rules, policy: 'active', uiConnected: true, facts: {}, staff: 'fresh', cardsInDoubt: [] }),
    checkPin: async (_person, pin) => pin === PIN,
    openSession: () => {},
    endSession: async () => true,
    useCard: () => {},
    onChanged: () => {},
    onTick: () => {},
  });
});
afterEach(() => {
  runtime.close();
  rmSync(dir, { recursive: true });
});

function later(ms: number): void {
  now.bootMs += ms;
  now.wallMs += ms;
}

function reads(who: typeof ada, times: number): void {
  for (let time = 0; time < times; time += 1) {
    runtime.dispatch({ type: 'BadgeRead', badge: `badge-${who.id}`, standing: 'ok', who });
    later(400);
  }
}

async function types(pin: string): Promise<void> {
  const before = runtime.seat.session;
  runtime.dispatch({ type: 'PinEntered', pin });
  const isAsked = () => runtime.seat.session.at === 'authenticating' && runtime.seat.session.attempt.stage === 'pin';
  await vi.waitUntil(() => runtime.seat.session !== before && (runtime.openSession !== null || isAsked()));
}

function lock(): void {
  later(10_000);
  runtime.dispatch({ type: 'LockPressed' });
}

const guessed = { pinId: 'codes', failures: 2, waitMs: 0, waitUntilBootMs: 0, bootId: 'b' };

function came(by: 'badge' | 'code' | 'card'): void {
  later(5_000);
  runtime.dispatch({ type: 'BadgeRead', badge: 'f'.repeat(64), by, standing: 'ok', who: ada });
}

const prompts = () => written.flatMap(({ body }) => ('pinPrompts' in body ? [body.pinPrompts] : []));

test('a card that is read again while its PIN is asked for is one prompt', async () => {
  reads(ada, 4);
  await types(PIN);
  expect(prompts()).toEqual([1]);
});

test('over a shift each prompt counts once: ways back, a wrong PIN, a prompt that was left, and none of anybody else', async () => {
  reads(ada, 2);
  await types(PIN);
  lock();
  reads(ada, 3);
  await types('000000');
  await types(PIN);
  lock();
  reads(ada, 1);
  runtime.dispatch({ type: 'CancelPressed' });
  later(1_000);
  reads(ben, 2);
  later(1_000);
  reads(ada, 2);
  await types(PIN);
  // The second one was typed wrong first; the third was cancelled, and ben's came before the fourth.
  expect(prompts()).toEqual([1, 2, 4]);
  lock();
  later(SHIFT_PAUSE_MS);
  // The kept work is over by then, which the next tick notices.
  await vi.waitUntil(() => runtime.seat.session.at === 'none', { timeout: 5_000 });
  reads(ada, 2);
  await types(PIN);
  expect(prompts()).toEqual([1, 2, 4, 1]);
});

test.each(['code', 'card'] as const)('guesses at codes are forgiven by a session that a %s opened or came back to', async (by) => {
  memory.setCodeThrottle(guessed);
  came(by);
  expect(memory.codeThrottle).toEqual(guessed);
  await types('000000');
  expect(memory.codeThrottle).toEqual(guessed);
  await types(PIN);
  expect(memory.codeThrottle).toBeNull();
  lock();
  memory.setCodeThrottle(guessed);
  came(by);
  await types(PIN);
  expect(memory.codeThrottle).toBeNull();
});

test('guesses at codes are not forgiven by a badge, nor by emergency access, which asks for no PIN', async () => {
  memory.setCodeThrottle(guessed);
  came('badge');
  await types(PIN);
  runtime.dispatch({ type: 'LogoutPressed' });
  await vi.waitUntil(() => runtime.seat.session.at === 'none');
  came('code');
  runtime.dispatch({ type: 'BreakGlassPressed', reasonId: 'code-blue', note: '' });
  await vi.waitUntil(() => runtime.openSession !== null);
  expect(runtime.openSession?.kind).toBe('breakglass');
  expect(memory.codeThrottle).toEqual(guessed);
});
