/** An answer of the agent is behind its record, never ahead of it. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WardlockError } from '../../core/errors/index.ts';
import { Recorder } from '../record/recorder.ts';
import { afterRecord } from './after-record.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

function slowRecord() {
  const commit = Promise.withResolvers<{ seq: number }>();
  const noted = Promise.withResolvers<void>();
  const recorder = new Recorder(silent, () => false);
  const append = (): Promise<{ seq: number }> => {
    noted.resolve();
    return commit.promise;
  };
  recorder.use({ append, appendEmergency: () => Promise.resolve() }, []);
  return { recorder, commit, noted: noted.promise };
}

/** As a handler does: it notes while it makes its answer. */
async function ask(recorder: Recorder, answered: string[]): Promise<void> {
  const refused = async (): Promise<string> => {
    await setImmediate();
    recorder.note({ type: 'sync.incident', body: { code: 'SYNC_LOGS_DIFFER' } });
    return 'refused';
  };
  answered.push(await afterRecord(recorder)(refused()));
}

test('waits until what was noted on its way is durable', async () => {
  const { recorder, commit, noted } = slowRecord();
  const answered: string[] = [];
  const asking = ask(recorder, answered);
  await noted;
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  expect(answered).toEqual([]);
  commit.resolve({ seq: 1 });
  await asking;
  expect(answered).toEqual(['refused']);
});

test('comes all the same where the record fails: that has its own way to be told', async () => {
  const { recorder, commit, noted } = slowRecord();
  const answered: string[] = [];
  const asking = ask(recorder, answered);
  await noted;
  commit.reject(new WardlockError('AUDIT_STORE_FULL'));
  await asking;
  expect(answered).toEqual(['refused']);
  expect(recorder.broken).toBe('AUDIT_STORE_FULL');
});
