/**
 * One connection of a node that listens: announcements of other nodes come here, and duties hang on it. It connects again by
 * itself, and says "look for yourself" whenever it may have missed something: after each connect and at each heartbeat.
 */
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { LOCK_SPACE } from './engine.ts';
import type { PostgresAddress } from './postgres-address.ts';
import { codedDatabaseError } from './postgres-errors.ts';
import type { Tables } from './schema.ts';
import type { Channel, Duty, DutyName } from './store.ts';

/** Each node that serves has one connection of this name; commands that only look in have none. */
export const SIGNALS_NAME = 'wardlock signals';
const HEARTBEAT_MS = 5_000;
const ANSWER_MS = 5_000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;
const channels: readonly Channel[] = ['changes', 'stored'];
/** Session locks beside those of transactions, which are in LOCK_SPACE itself. */
const DUTY_SPACE = LOCK_SPACE + 1;
const dutyKeys: Readonly<Record<DutyName, number>> = { silence: 1, index: 2 };

interface Applicant {
  readonly name: DutyName;
  readonly onGained: (() => void) | undefined;
}

export async function announceTo(db: Kysely<Tables>, channel: Channel): Promise<void> {
  await sql`select pg_notify(${nameOf(channel)}, '')`.execute(db);
}

function nameOf(channel: Channel): string {
  return `wardlock_${channel}`;
}

export class PostgresSignals {
  readonly #address: PostgresAddress;
  readonly #onFault: (fault: unknown) => void;
  readonly #hearers = new Map<Channel, Set<() => void>>(channels.map((channel) => [channel, new Set()]));
  readonly #applicants = new Set<Applicant>();
  readonly #held = new Set<DutyName>();
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #retries = 0;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(address: PostgresAddress, onFault: (fault: unknown) => void) {
    this.#address = address;
    this.#onFault = onFault;
  }

  watch(channel: Channel, given: () => void): () => void {
    const hear = (): void => given();
    this.#hearers.get(channel)?.add(hear);
    this.#start();
    return () => this.#hearers.get(channel)?.delete(hear);
  }

  duty(name: DutyName, onGained: (() => void) | undefined): Duty {
    const applicant = { name, onGained };
    this.#applicants.add(applicant);
    this.#start();
    if (this.#client !== null) this.#beatSoon(0);
    return {
      held: () => this.#held.has(name),
      close: () => {
        this.#applicants.delete(applicant);
        if ([...this.#applicants].some((other) => other.name === name)) return;
        this.#held.delete(name);
        void this.#client?.query('select pg_advisory_unlock($1, $2)', [DUTY_SPACE, dutyKeys[name]]).catch(this.#onFault);
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#held.clear();
    const client = this.#client;
    this.#client = null;
    await this.#running?.catch(() => undefined);
    await client?.end().catch(() => undefined);
  }

  #start(): void {
    if (this.#closed || this.#client !== null || this.#running !== null || this.#timer !== undefined) return;
    this.#run();
  }

  #run(): void {
    this.#timer = undefined;
    this.#running = (this.#client === null ? this.#connect() : this.#beat(this.#client))
      .catch((fault: unknown) => this.#lost(fault))
      .finally(() => {
        this.#running = null;
        if (this.#closed || this.#timer !== undefined) return;
        this.#beatSoon(this.#client === null ? this.#pause() : HEARTBEAT_MS);
      });
  }

  #beatSoon(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#closed || (this.#running !== null && milliseconds === 0)) return;
    this.#timer = setTimeout(() => this.#run(), milliseconds).unref();
  }

  /** Full jitter, so that nodes that lost their database together do not come back together. */
  #pause(): number {
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#retries, 10));
    this.#retries += 1;
    return longest / 2 + (Math.random() * longest) / 2;
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      ...this.#address.client,
      application_name: SIGNALS_NAME,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
    });
    client.on('error', (fault) => {
      if (client === this.#client) this.#lost(fault);
    });
    client.on('notification', ({ channel }) => this.#hear(channels.filter((known) => nameOf(known) === channel)));
    try {
      await client.connect();
      for (const channel of channels) await client.query(`listen ${nameOf(channel)}`);
    } catch (fault) {
      client.end().catch(() => undefined);
      throw fault;
    }
    if (this.#closed) return client.end();
    this.#client = client;
    this.#retries = 0;
    await this.#beat(client);
  }

  /** Proves the connection, applies for duties that others hold, and has everyone look. */
  async #beat(client: pg.Client): Promise<void> {
    await client.query('select 1');
    for (const name of new Set([...this.#applicants].map((applicant) => applicant.name))) {
      if (this.#held.has(name)) continue;
      const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1, $2) as got', [DUTY_SPACE, dutyKeys[name]]);
      if (rows[0]?.got !== true || this.#client !== client) continue;
      this.#held.add(name);
      for (const applicant of this.#applicants) if (applicant.name === name) applicant.onGained?.();
    }
    this.#hear(channels);
  }

  #hear(which: readonly Channel[]): void {
    for (const channel of which) for (const hear of this.#hearers.get(channel) ?? []) hear();
  }

  /** The database gives our duties to others as soon as it notices; we let go of them at once. */
  #lost(fault: unknown): void {
    this.#held.clear();
    const client = this.#client;
    this.#client = null;
    client?.end().catch(() => undefined);
    if (this.#closed) return;
    this.#onFault(codedDatabaseError(fault));
    if (this.#running === null) this.#beatSoon(this.#pause());
  }
}
