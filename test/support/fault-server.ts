/**
 * A server under fault tests: one real process, simulated seats with real wire bytes, and what lies in its database.
 * Owns the process and its folder; `restart` keeps the address, so that seats find it again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readAnswer, type SeatAnswer } from '../../agent/syncer/seat-client.ts';
import { enrolSimSeat, type SimSeat } from '../../cli/sim/seat.ts';
import { EntriesReply } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { openSite } from '../../server/compose.ts';
import { withoutEnvelopes } from '../../server/services/envelopes.ts';
import { unpackEntries } from '../../server/services/logs.ts';
import { rows, type ServerProcess, startServer } from './server-process.ts';

const recipients = [nodeCrypto.hpkePublicKey(nodeCrypto.random(32)), nodeCrypto.hpkePublicKey(nodeCrypto.random(32))] as const;
const TOKEN_LIFE_MS = 60_000;
const TOO_MANY = 429;
/** Less than the server asks for: in tests nobody else waits. */
const PAUSE_MS = 20;

export class FaultServer {
  readonly folder: string;
  #process: ServerProcess;

  constructor(folder: string, process: ServerProcess) {
    this.folder = folder;
    this.#process = process;
  }

  static async start(): Promise<FaultServer> {
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-faults-'));
    return new FaultServer(folder, await startServer(folder));
  }

  get state(): string {
    return this.#process.state;
  }

  get ready(): ServerProcess['ready'] {
    return this.#process.ready;
  }

  /** Its operational log so far. */
  said(): string {
    return this.#process.stderr();
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return this.#process.stop(signal);
  }

  /** Starts it again on the same port; stop it first. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#process = await startServer(this.folder, { seatsPort: Number(new URL(this.ready.seats).port), env });
  }

  async end(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async newSeat(): Promise<SimSeat> {
    const site = await openSite({ stateFolder: this.state, database: null, tenant: null });
    const { token } = await site.enrolments.makeToken({ seatName: 'Bay 4', wardId: 'icu', wardName: 'ICU', lifeMs: TOKEN_LIFE_MS });
    await site.close();
    return enrolSimSeat(this.ready.seats, token, recipients);
  }

  /** The stored entries of a seat, which follow each other without a hole. */
  stored(one: SimSeat): Uint8Array[] {
    const segments = this.rows<{ start: number; entries: Uint8Array }>(
      'select * from segments where workstation_id = ? order by start',
      one.workstationId,
    );
    let next = 0;
    return segments.flatMap(({ start, entries }) => {
      expect(start).toBe(next);
      const unpacked = unpackEntries(entries);
      next += unpacked.length;
      return unpacked;
    });
  }

  expectWhole(one: SimSeat, size = one.size): void {
    const entries = this.stored(one);
    expect(entries.length).toBe(size);
    expect(entries.every((entry, at) => Buffer.from(entry).equals(withoutEnvelopes(one.log.entries[at] ?? new Uint8Array())))).toBe(true);
  }

  alarms(one: SimSeat): string[] {
    return this.rows<{ kind: string }>('select kind from alarms where workstation_id = ?', one.workstationId).map(({ kind }) => kind);
  }

  rows<T>(sql: string, ...parameters: readonly (string | number)[]): T[] {
    return rows<T>(this.state, sql, ...parameters);
  }
}

/** Sends everything from `start` in batches; answers the size that the server ends up with. */
export async function sendAll(one: SimSeat, start = 0): Promise<number> {
  let size = start;
  while (size < one.size) size = readAnswer(await one.put(one.batch(size, 256)), EntriesReply).size;
  return size;
}

export function codeOf(answer: SeatAnswer): string {
  const body: { code: string } = JSON.parse(answer.body.toString('utf8'));
  return body.code;
}

/** Sends again while the server has no place for a further upload of this seat; answers the first other answer. */
export async function untilTaken(send: () => Promise<SeatAnswer>): Promise<SeatAnswer> {
  for (;;) {
    const answer = await send();
    if (answer.status !== TOO_MANY) return answer;
    await new Promise((next) => setTimeout(next, PAUSE_MS));
  }
}
