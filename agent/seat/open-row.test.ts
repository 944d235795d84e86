/** Which session the next start of the agent ends in the record: the one that is open there, and no other. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeCrypto } from '../../crypto/index.ts';
import { secretBox } from '../keys/index.ts';
import { SeatMemory } from '../state/memory.ts';
import { OpenRow } from './open-row.ts';

const clock = { bootId: 'b', bootMs: () => 0, wallMs: () => 0 };
const ada = start('a');
const ben = start('b');
let dir: string;
let memory: SeatMemory;
let row: OpenRow;

function start(digit: string) {
  const session = digit.repeat(32);
  const body = { session, person: 'ada', role: 'nurse', factors: ['badge', 'pin'], policyVersion: 4, replaces: null };
  return { type: 'session.started', body } as const;
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wl-row-'));
  memory = new SeatMemory(join(dir, 'memory'), secretBox(nodeCrypto, randomBytes(32)), clock);
  row = new OpenRow(memory);
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a session is remembered from before its first event until its end is recorded', () => {
  row.begins(ada);
  expect(memory.open).toEqual({ session: ada.body.session, person: 'ada', kind: 'person' });
  row.ended(ben.body.session);
  expect(memory.open).not.toBeNull();
  row.ended(ada.body.session);
  expect(memory.open).toBeNull();
});

test('one that never began is forgotten', () => {
  row.begins(ada);
  row.neverBegan(ada);
  expect(memory.open).toBeNull();
});

test('the session before it, whose end no log could take, is remembered again', () => {
  row.begins(ada);
  row.begins(ben);
  row.neverBegan(ben);
  expect(memory.open).toMatchObject({ session: ada.body.session });
});

test('the session before it, whose end was recorded meanwhile, is not', () => {
  row.begins(ada);
  row.begins(ben);
  row.ended(ada.body.session);
  row.neverBegan(ben);
  expect(memory.open).toBeNull();
});
