/**
 * Server nodes on one PostgreSQL, each a real process with a copy of the same state folder. Owns the cluster, the processes
 * and the folders, and ends them all.
 */
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSeatClient, type SeatAnswer } from '../../agent/syncer/seat-client.ts';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import { enrolSimSeat, type SimSeat } from '../../cli/sim/seat.ts';
import { CSRF_HEADER } from '../../contract/console-api.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { openSite } from '../../server/compose.ts';
import { readPublicPart } from '../../server/site/key-file.ts';
import { openStore } from '../../server/store/open.ts';
import type { Store } from '../../server/store/store.ts';
import { TestPostgres } from './postgres.ts';
import { cli, type ServerProcess, startServer } from './server-process.ts';

const TOKEN_LIFE_MS = 3_600_000;

export class Nodes {
  readonly postgres: TestPostgres;
  readonly address: string;
  /** As the nodes reach the database. */
  readonly #served: string;
  readonly #folder: string;
  readonly #nodes: ServerProcess[] = [];
  #store: Store | null = null;

  private constructor(postgres: TestPostgres, addresses: { readonly direct: string; readonly served: string }, folder: string) {
    this.postgres = postgres;
    this.address = addresses.direct;
    this.#served = addresses.served;
    this.#folder = folder;
  }

  /**
   * A cluster and the first `count` nodes of one site.
   * @param through leads the nodes to the database another way; tests look at it directly
   */
  static async start(count: number, through: (address: string) => Promise<string> = async (address) => address): Promise<Nodes> {
    const postgres = await TestPostgres.start();
    const folder = await mkdtemp(join(tmpdir(), 'wardlock-nodes-'));
    const direct = await postgres.newDatabase();
    const one = new Nodes(postgres, { direct, served: await through(direct) }, folder);
    try {
      await cli(['keys', 'new', 'reader', '--out', one.readerKey]);
      for (let at = 0; at < count; at += 1) await one.startNode(at);
      return one;
    } catch (fault) {
      await one.end();
      throw fault;
    }
  }

  node(at: number): ServerProcess {
    const node = this.#nodes[at];
    if (node === undefined) throw new Error(`there is no node ${at}`);
    return node;
  }

  /** Of the reader role: node 0 has it. */
  get readerKey(): string {
    return join(this.#folder, 'reader.key');
  }

  get policyKey(): string {
    return join(this.#folder, '0', 'policy.key');
  }

  /**
   * Starts a node. The first makes the site's keys and has the reader's; each other gets a copy of its folder but for the period
   * keys, which one node holds. One that ran before keeps its port.
   */
  async startNode(at: number): Promise<ServerProcess> {
    const folder = join(this.#folder, String(at));
    const before = this.#nodes[at];
    if (at === 0) await mkdir(folder, { recursive: true });
    const filter = (path: string): boolean => !path.endsWith('period-keys');
    if (before === undefined && at > 0) await cp(join(this.#folder, '0'), folder, { recursive: true, filter });
    const seatsPort = before === undefined ? 0 : Number(new URL(before.ready.seats).port);
    const node = await startServer(folder, {
      seatsPort,
      more: ['--database', this.#served, ...(at === 0 ? ['--reader-key', this.readerKey] : [])],
    });
    this.#nodes[at] = node;
    return node;
  }

  /** The database, as tests look at it. */
  async store(): Promise<Store> {
    this.#store ??= await openStore(this.address);
    return this.#store;
  }

  /** A seat that is enrolled at a node. */
  async newSeat(at = 0, name = 'Bay 4'): Promise<SimSeat> {
    const site = await openSite({ stateFolder: this.node(0).state, database: this.address, tenant: null });
    const { token } = await site.enrolments.makeToken({ seatName: name, wardId: 'icu', wardName: 'ICU', lifeMs: TOKEN_LIFE_MS });
    await site.close();
    const escrow = nodeCrypto.hpkePublicKey(nodeCrypto.random(32));
    return enrolSimSeat(this.node(at).ready.seats, token, [readPublicPart(this.readerKey, ['reader']), escrow]);
  }

  /** The number of stored entries of a seat, which follow each other without a hole and are those that it has. */
  async storedOf(seat: SimSeat): Promise<number> {
    const { db } = await this.store();
    const rows = await db
      .selectFrom('segments')
      .select(['start', 'count', 'leaf_hashes'])
      .where('workstation_id', '=', seat.workstationId)
      .where('incarnation', '=', seat.incarnation)
      .orderBy('start')
      .execute();
    let next = 0;
    for (const row of rows) {
      if (row.start !== next) throw new Error(`a segment starts at ${row.start}, not at ${next}`);
      const held = Buffer.concat(
        seat.log.entries.slice(next, next + row.count).map((entry) => nodeCrypto.sha256(Buffer.concat([Buffer.alloc(1), entry]))),
      );
      if (!held.equals(row.leaf_hashes)) throw new Error(`entries ${next} to ${next + row.count} are not those of the seat`);
      next += row.count;
    }
    return next;
  }

  async alarmsOf(seat: SimSeat): Promise<string[]> {
    const { db } = await this.store();
    const rows = await db.selectFrom('alarms').select('kind').where('workstation_id', '=', seat.workstationId).execute();
    return rows.map(({ kind }) => kind);
  }

  async end(): Promise<void> {
    await this.#store?.close();
    await Promise.all(this.#nodes.map((node) => node.stop('SIGKILL')));
    await this.postgres.end();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The same seat at another node, over a connection of its own. */
export function sendTo(node: ServerProcess, seat: SimSeat, { start, ...upload }: ReturnType<SimSeat['batch']>): Promise<SeatAnswer> {
  return withClient(node, seat, (client) =>
    client.call({
      method: 'PUT',
      path: `${seatPaths.entries}/${seat.incarnation}/${start}`,
      headers: { 'content-type': 'application/octet-stream' },
      body: encodeEntries(upload),
    }),
  );
}

/** Waits at a node for what is newer than these versions. */
export function pollAt(
  node: ServerProcess,
  seat: SimSeat,
  known: { readonly policy: number; readonly directory: number },
  seconds = 50,
): Promise<SeatAnswer> {
  const path = `${seatPaths.updates}?policy=${known.policy}&directory=${known.directory}&wait=${seconds}`;
  return withClient(node, seat, (client) => client.call({ method: 'GET', path, timeoutMs: (seconds + 30) * 1000 }));
}

async function withClient<T>(
  node: ServerProcess,
  seat: SimSeat,
  work: (client: ReturnType<typeof openSeatClient>) => Promise<T>,
): Promise<T> {
  const client = openSeatClient(node.ready.seats, seat.enrolment.ca, seat.identity);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

export interface PeopleAnswer {
  readonly status: number;
  readonly json: unknown;
  /** The cookie that it set, as a browser sends it back. */
  readonly cookie: string;
}

/** One request to the console's API of a node. */
export async function callPeople(
  { ready }: ServerProcess,
  method: 'GET' | 'POST',
  path: string,
  { body, cookie = '', csrf = '' }: { readonly body?: object; readonly cookie?: string; readonly csrf?: string } = {},
): Promise<PeopleAnswer> {
  const ca = await readFile(ready.ca);
  return new Promise((resolve, reject) => {
    const headers = { cookie, [CSRF_HEADER]: csrf, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const outgoing = request(new URL(path, ready.console), { method, ca, agent: false, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('end', () => {
        const [set = ''] = incoming.headers['set-cookie'] ?? [];
        resolve({ status: incoming.statusCode ?? 0, json: text === '' ? null : JSON.parse(text), cookie: set.split(';')[0] ?? '' });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
