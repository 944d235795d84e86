/** Says in the record which state files were not what this seat wrote. What that leads to is each file's own business. */
import type { Recorder } from './recorder.ts';

interface StateFile {
  readonly wasBroken: boolean;
}

export interface StateFiles {
  readonly memory: StateFile;
  readonly directory: StateFile;
  readonly identity: StateFile;
  readonly outbox: StateFile;
}

export function noteDamaged({ memory, directory, identity, outbox }: StateFiles, recorder: Pick<Recorder, 'note'>): void {
  for (const [{ wasBroken }, fault] of [
    [memory, 'MEMORY_DAMAGED'],
    [directory, 'DIRECTORY_DAMAGED'],
    [identity, 'IDENTITY_DAMAGED'],
    [outbox, 'OUTBOX_DAMAGED'],
  ] as const) {
    if (wasBroken) recorder.note({ type: 'tamper.found', body: { fault, detail: 'A state file was not what this seat wrote.' } });
  }
}
