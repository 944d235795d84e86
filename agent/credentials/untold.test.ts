/** A server that says it has judged what this seat never told it: nothing of the outbox may vanish by that. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { SeatIdentity } from '../enrolment/seat-identity.ts';
import { secretBox } from '../keys/index.ts';
import type { Recorder } from '../record/recorder.ts';
import { SeatMemory } from '../state/memory.ts';
import { StaffDirectory } from './directory.ts';
import { Outbox } from './outbox.ts';
import { PeopleLink } from './people-link.ts';
import { PinCheck } from './pin.ts';
import { StaffAge } from './staff-age.ts';
import { answer, enrolled, read, sealingSeed, staff } from './test-site.ts';

const NOT_TOLD = { type: 'sync.incident', body: { code: 'CREDENTIAL_NEWS_NOT_TOLD' } };
const badge = { kind: 'badge', person: 'ada', badge: 'c'.repeat(64) } as const;
const box = secretBox(nodeCrypto, randomBytes(32));
const pins = new PinCheck(randomBytes(32));
const clock = { bootId: 'boot', bootMs: () => 1_000_000, wallMs: () => wallMs };

let wallMs: number;
let folder: string;
let noted: AuditEvent[];
let judged: unknown[];
let outbox: Outbox;
let link: PeopleLink;

/** As a start of the agent finds it. */
function open(): void {
  const memory = new SeatMemory(join(folder, 'memory'), box, clock);
  const directory = new StaffDirectory(join(folder, 'directory'), box, pins);
  if (directory.current === null) directory.replace(staff(), () => false);
  outbox = new Outbox(join(folder, 'outbox'), box, () => wallMs);
  link = new PeopleLink({
    ...{ directory, memory, outbox, clock, sealingSeed },
    identity: enrolled as unknown as SeatIdentity,
    age: new StaffAge({ clock, memory, trustedWallMs: () => wallMs, issuedAt: () => null }),
    recorder: { note: (event: AuditEvent) => noted.push(event) } as unknown as Recorder,
    tell: () => undefined,
    heldSession: () => null,
    takenElsewhere: () => undefined,
    onJudged: (item, refusal) => judged.push([item.kind, refusal]),
    longestSilence: () => 300_000,
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-untold-'));
  wallMs = Date.parse('2030-06-01T10:00:00Z');
  noted = [];
  judged = [];
  open();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a server that says it has judged more than it was told', () => {
  test('is not believed: what waits is told again, in its order, under numbers that it looks at', () => {
    const first = outbox.add(badge);
    const asked = read(link.news());
    outbox.add({ ...badge, badge: 'd'.repeat(64) });
    // No sooner than the next turn: one that always says so must not be asked without a rest.
    expect(link.take(answer(asked.nonce, { taken: first + 50 }))).toEqual({ taken: true, more: false });
    expect([judged, noted]).toEqual([[], [NOT_TOLD]]);
    open();
    const again = read(link.news(false));
    expect(again.items).toMatchObject([badge, { badge: 'd'.repeat(64) }]);
    expect(again.items.map(({ number }) => number)).toEqual([first + 51, first + 52]);
  });

  test('nor is it of what came after a question that told nothing', () => {
    const { nonce } = read(link.news());
    const number = outbox.add(badge);
    link.take(answer(nonce, { taken: number }));
    expect([judged, noted, outbox.size]).toEqual([[], [NOT_TOLD], 1]);
  });

  test('is believed once the seat has told it under the new numbers', () => {
    const number = outbox.add(badge);
    link.take(answer(read(link.news()).nonce, { taken: number + 50 }));
    link.take(answer(read(link.news()).nonce, { taken: number + 51 }));
    expect([judged, noted, outbox.size]).toEqual([[['badge', null]], [NOT_TOLD], 0]);
  });

  test('may leave no numbers: what waits stays', () => {
    const number = outbox.add(badge);
    link.take(answer(read(link.news()).nonce, { taken: Number.MAX_SAFE_INTEGER }));
    expect(read(link.news()).items).toMatchObject([{ number }]);
  });
});

test('what was judged before the outbox was lost is nothing that was never told', () => {
  const number = outbox.add(badge);
  link.take(answer(read(link.news()).nonce, { taken: number }));
  rmSync(join(folder, 'outbox'));
  wallMs += 1_000;
  open();
  link.take(answer(read(link.news()).nonce, { taken: number }));
  expect([judged.length, noted]).toEqual([1, []]);
});

test('an outbox that was put back from a copy gives no number again', () => {
  const first = outbox.add(badge);
  rmSync(join(folder, 'outbox'));
  open();
  wallMs += 1_000;
  expect([outbox.add(badge), outbox.add(badge)]).toEqual([first + 1_000, first + 1_001]);
});
