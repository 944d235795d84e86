/** Fault 38: events that are too long, brought to a real agent at its ports and to the store itself. */
import { createConnection } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { MAX_CONTENT_BYTES, pad } from '../../core/audit/entry.ts';
import { encodeFrame, FrameDecoder } from '../../ipc/frames.ts';
import { check } from '../audit/check.ts';
import { storeKit } from '../audit/store-kit.ts';
import { SeatProcess } from '../support/seat-process.ts';
import { until } from '../support/server-process.ts';

const ada = { id: 'ada', badge: '04A1B2C3', pin: '246810' };
const MARK = 'far-too-long';

let seat: SeatProcess;
beforeEach(async () => {
  seat = await SeatProcess.create();
  await seat.start();
});
afterEach(() => seat.remove());

/** What the agent answers to these frames of the screens until it closes; one place is served, which a former one may still hold. */
async function answers(...frames: readonly Uint8Array[]): Promise<unknown[]> {
  return await until(async () => {
    const heard = await answersOnce(...frames);
    return JSON.stringify(heard).includes('IPC_TOO_MANY') ? null : heard;
  });
}

async function answersOnce(...frames: readonly Uint8Array[]): Promise<unknown[]> {
  const socket = createConnection(seat.socket('ui'));
  const decoder = new FrameDecoder();
  const heard: unknown[] = [];
  socket.on('data', (chunk: Buffer) => heard.push(...decoder.push(chunk)));
  socket.on('error', () => {});
  for (const frame of frames) socket.write(frame);
  await new Promise<void>((done) => socket.on('close', () => done()));
  return heard;
}

const refused = (code: string): unknown => expect.objectContaining({ error: expect.objectContaining({ code }) });
const codes = (events: readonly AuditEvent[]): unknown[] =>
  events.flatMap(({ type, body }) => (type === 'border.refused' && body.code !== 'IPC_TOO_MANY' ? [body.code] : []));

test('fault 38: an event too long for the record is refused at the agent’s port by name, nothing of it is kept, and the seat serves on', async () => {
  const syncer = await seat.furnish([ada]);
  const hello = encodeFrame({ id: 1, method: 'hello', params: { protocol: 1, build: 'stranger' } });
  const note = MARK.repeat(2000);
  const long = encodeFrame({ id: 2, method: 'breakGlass', params: { reasonId: 'emergency', note } });
  expect(await answers(hello, long)).toContainEqual(refused('IPC_MESSAGE_MALFORMED'));
  // A frame that says it is longer than any event can be is refused by its length alone.
  expect(await answers(hello, new Uint8Array([0x7f, 0xff, 0xff, 0xff]))).toContainEqual(refused('IPC_FRAME_TOO_LARGE'));
  const events = await until(async () => {
    const found = await seat.record(syncer);
    return codes(found).length >= 2 ? found : null;
  });
  expect(codes(events)).toEqual(['IPC_MESSAGE_MALFORMED', 'IPC_FRAME_TOO_LARGE']);
  expect(JSON.stringify(events)).not.toContain(MARK);
  // The longest note that fits is recorded whole.
  const screens = await seat.screens();
  const longest = 'é'.repeat(200);
  expect(await screens.client.request('breakGlass', { reasonId: 'emergency', note: longest })).toEqual({ taken: true });
  await screens.sees((view) => view.phase === 'open');
  const started = (await seat.record(syncer)).find(({ type }) => type === 'breakglass.started');
  expect(started?.body).toMatchObject({ note: longest });
});

test('fault 38: the store itself refuses an oversize event with a code, counts it, and pads nothing beyond its largest size', async () => {
  const kit = await storeKit();
  try {
    const store = await kit.open();
    const long: AuditEvent = { type: 'tamper.found', body: { fault: 'X', detail: 'x'.repeat(20_000) } };
    await expect(store.append(long)).rejects.toMatchObject({ code: 'AUDIT_EVENT_REFUSED' });
    expect(() => pad(new Uint8Array(MAX_CONTENT_BYTES + 1))).toThrow(expect.objectContaining({ code: 'AUDIT_EVENT_OVERSIZE' }));
    await store.close();
    const { events, faults } = check(kit.storeDir, kit, { privateKey: kit.readerKey });
    expect(faults).toEqual([]);
    expect([...events.values()].find(({ type }) => type === 'recording.summarised')?.body).toEqual({ type: 'tamper.found', count: 1 });
  } finally {
    await kit.remove();
  }
});
