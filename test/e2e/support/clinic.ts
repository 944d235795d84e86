/**
 * A whole clinic for one test file: the demo's own, in a folder that is removed with it. Reads the record from the server's
 * database, not from a screen.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { SeatView } from '../../../contract/seat-view.ts';
import { type Clinic, openClinic } from '../../../demo/clinic.ts';
import type { Display } from '../../../demo/display.ts';
import { progress } from '../../../demo/progress.ts';

const SIZE = { width: 1280, height: 800 } as const;

export interface TestClinic {
  readonly clinic: Clinic;
  readonly display: Display;
  status(): Promise<SeatView>;
  /** Every event that the server has verified and decrypted, in the order of the seat's log. */
  events(): readonly StoredEvent[];
  /** How the server keeps the seat's log: pieces of it as they were uploaded, in the order of their start. */
  segments(): readonly StoredSegment[];
  clear(): Promise<void>;
}

const StoredEvent = Type.Object({ seq: Type.Integer(), type: Type.String(), body: Type.String() });
export type StoredEvent = Static<typeof StoredEvent>;

const StoredSegment = Type.Object({ incarnation: Type.String(), start: Type.Integer(), count: Type.Integer() });
export type StoredSegment = Static<typeof StoredSegment>;

export async function openTestClinic(warnAfterSeconds: number): Promise<TestClinic> {
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-clinic-'));
  const said: string[] = [];
  try {
    const clinic = await openClinic({
      stateDir: folder,
      progress: progress(
        (text) => said.push(text),
        () => performance.now(),
      ),
      warnAfterSeconds,
      display: { kind: 'memory', ...SIZE },
    });
    const { memory } = clinic.display;
    if (memory === undefined) throw new Error('a test clinic has its display in memory');
    const rows = (sql: string): unknown => {
      const database = new BetterSqlite3(join(clinic.places.server, 'wardlock.db'), { readonly: true });
      try {
        return database.prepare(sql).all();
      } finally {
        database.close();
      }
    };
    return {
      clinic,
      display: memory,
      status: async () => Value.Parse(SeatView, JSON.parse(await clinic.cli.must(['status', '--state', clinic.seat.stateDir, '--json']))),
      events: () => Value.Parse(Type.Array(StoredEvent), rows('SELECT seq, type, body FROM indexed_events ORDER BY incarnation, seq')),
      segments: () =>
        Value.Parse(Type.Array(StoredSegment), rows('SELECT incarnation, start, count FROM segments ORDER BY incarnation, start')),
      async clear() {
        await clinic.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`the clinic did not open:\n${said.join('')}`, { cause });
  }
}
