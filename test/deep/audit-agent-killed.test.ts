/** Fault 20 with the whole agent: killed while somebody uses the seat, again and again; what that person saw happen is in the record. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Screens, SeatProcess } from '../support/seat-process.ts';
import { until } from '../support/server-process.ts';

const ROUNDS = 6;
const SEEN_A_ROUND = 3;

let seat: SeatProcess;
beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(() => seat.remove());

/** Opens and leaves emergency sessions for as long as the agent lives; keeps the note of each that was seen to open. */
async function use({ client, sees }: Screens, round: number, seen: string[]): Promise<void> {
  for (let at = 0; ; at += 1) {
    const note = `round ${round}, number ${at}`;
    await client.request('breakGlass', { reasonId: 'emergency', note });
    await sees((view) => view.phase === 'open');
    seen.push(note);
    await client.request('logout', {});
    await sees((view) => view.phase === 'locked');
  }
}

test('fault 20: the agent is killed at any moment: everything that somebody saw happen is in the record, once', async () => {
  const syncer = await seat.furnish([{ id: 'ada', badge: '04A1B2C3', pin: '246810' }]);
  syncer.close();
  const seen: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const screens = await seat.screens();
    await screens.sees((view) => view.phase === 'locked');
    const before = seen.length;
    const using = use(screens, round, seen).catch(() => 'the agent is gone');
    await until(() => seen.length >= before + SEEN_A_ROUND);
    await new Promise((resolve) => setTimeout(resolve, (round * 13) % 40));
    await seat.stop('SIGKILL');
    await Promise.race([using, new Promise((resolve) => setTimeout(resolve, 100))]);
    await seat.start();
  }
  const events = await seat.record(await seat.syncer());
  const notes = events.flatMap((event) => (event.type === 'breakglass.started' ? [event.body.note] : []));
  expect(seen.length).toBeGreaterThanOrEqual(ROUNDS * SEEN_A_ROUND);
  expect(notes).toEqual(expect.arrayContaining(seen));
  expect(new Set(notes).size).toBe(notes.length);
  // At most one a round was written and not seen: the one that the kill fell upon.
  expect(notes.length - seen.length).toBeLessThanOrEqual(ROUNDS);
  const stops = events.filter((event) => event.type === 'recording.stopped').map(({ body }) => body);
  expect(stops).toEqual(Array.from({ length: ROUNDS }, () => ({ reason: 'inferred' })));
});
