/**
 * Answers that wait for the record: what one speaks of is durable by then, counted, or has failed there. Whoever asks can't get
 * ahead of the disk, and what was answered is not lost with the agent.
 */
import type { Recorder } from '../record/recorder.ts';

export function afterRecord(recorder: Pick<Recorder, 'settled'>): <T>(answer: T | Promise<T>) => Promise<T> {
  return async (answer) => {
    const answered = await answer;
    await recorder.settled();
    return answered;
  };
}
