import { expect, test } from 'vitest';
import type { AuditEvent } from '../../contract/events.ts';
import { INFERRED_END, SelfReport, tamperFound } from './self-report.ts';

const ahead = tamperFound({ code: 'ANCHOR_AHEAD', range: { from: 3, to: 4 } });
const keys = tamperFound({ code: 'KEYS_LOST' });

test('what could not be recorded is said next time, in its order and once', async () => {
  const report = new SelfReport();
  const said: AuditEvent[] = [];
  let room = 1;
  const record = (event: AuditEvent): Promise<void> => {
    if (room === 0) return Promise.reject(new Error('no room'));
    room -= 1;
    said.push(event);
    return Promise.resolve();
  };
  report.add([INFERRED_END, ahead]);
  await expect(report.tell(record)).rejects.toThrow('no room');
  expect(report.isWaiting).toBe(true);
  report.add([ahead, keys]);
  room = 10;
  await report.tell(record);
  expect(said).toEqual([INFERRED_END, ahead, keys]);
  expect(report.isWaiting).toBe(false);
  // What was said may be said again when it happens again.
  report.add([INFERRED_END]);
  await report.tell(record);
  expect(said).toHaveLength(4);
});

test('it does not grow without end', async () => {
  const report = new SelfReport();
  report.add(Array.from({ length: 300 }, (_, at) => tamperFound({ code: 'RECEIPT_AHEAD', range: { from: at, to: at } })));
  const said: AuditEvent[] = [];
  await report.tell((event) => Promise.resolve(said.push(event)));
  expect(said).toHaveLength(100);
  expect(said[0]).toEqual(tamperFound({ code: 'RECEIPT_AHEAD', range: { from: 0, to: 0 } }));
});
