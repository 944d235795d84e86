/** When an emergency access without a name alarms at the seat, and who alone ends that. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import type { OpenSession } from '../../core/session/types.ts';
import { person, World } from '../../core/session/world.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { Clock } from '../clock.ts';
import { secretBox } from '../keys/index.ts';
import { SeatMemory } from '../state/memory.ts';
import { LocalAlarm } from './local-alarm.ts';

const box = secretBox(nodeCrypto, randomBytes(32));
const clock: Clock = { bootId: 'one', bootMs: () => 0, wallMs: () => 0 };
const log = { error: () => undefined };
let folder = '';
let noted: AuditEvent[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wl-alarm-'));
  noted = [];
});
afterEach(() => rm(folder, { recursive: true }));

const memory = () => new SeatMemory(join(folder, 'memory'), box, clock);
const alarmOf = (kept = memory()) => new LocalAlarm({ memory: kept, recorder: { note: (event) => noted.push(event) }, log });

/** A session as the machines open it. */
function nurse(): OpenSession {
  const world = new World();
  world.signIn(person('ada'));
  const { session } = world.seat;
  if (session.at !== 'active') throw new Error('nobody is signed in');
  return session.session;
}
const named: OpenSession = { ...nurse(), id: 'b'.repeat(32) };
const nameless: OpenSession = { ...named, id: 'a'.repeat(32), kind: 'breakglass', who: null, startedWallMs: 1_700_000_000_000 };
const standing = { session: nameless.id, since: '2023-11-14T22:13:20.000Z' };

test('an emergency access without a name alarms until somebody signs in with theirs, which is recorded', () => {
  const alarm = alarmOf();
  alarm.opened(named);
  expect([alarm.standing, noted]).toEqual([null, []]);
  alarm.opened(nameless);
  expect(alarm.standing).toEqual(standing);
  alarm.opened(named);
  expect(alarm.standing).toBeNull();
  expect(noted).toEqual([{ type: 'breakglass.answered', body: { session: nameless.id, person: named.who?.id } }]);
  alarm.opened(named);
  expect(noted).toHaveLength(1);
});

test('an emergency access with a badge neither alarms nor ends the alarm of one without', () => {
  const alarm = alarmOf();
  const withBadge: OpenSession = { ...named, kind: 'breakglass' };
  alarm.opened(withBadge);
  expect(alarm.standing).toBeNull();
  alarm.opened(nameless);
  alarm.opened(withBadge);
  expect([alarm.standing, noted]).toEqual([standing, []]);
});

test('no restart ends it; what was answered stays answered', () => {
  alarmOf().opened(nameless);
  const again = alarmOf();
  expect(again.standing).toEqual(standing);
  again.opened(named);
  expect(alarmOf().standing).toBeNull();
});

test('where the disk takes nothing it stands all the same', () => {
  const broken = {
    localAlarm: null,
    setLocalAlarm: () => {
      throw new Error('no room');
    },
  };
  const alarm = new LocalAlarm({ memory: broken, recorder: { note: (event) => noted.push(event) }, log });
  alarm.opened(nameless);
  expect(alarm.standing).toEqual(standing);
});
