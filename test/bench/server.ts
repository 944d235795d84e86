/**
 * The server's figures: uploads and anchors of real seats over mutual TLS against bare writes of the same bytes, idle seats, an
 * outage of a fleet, the five searches. `--quick` takes 1,000 idle seats, 200 seats in an outage of 10 minutes and a million
 * events in the place of 10,000, 1,000 in 30 minutes and ten million.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestPostgres } from '../support/postgres.ts';
import { type BareWriter, barePostgres, bareSqlite } from './support/bare.ts';
import { type BenchSite, openBenchSite } from './support/bench-site.ts';
import { type IdleKind, idleKinds, measureIdleSeats } from './support/idle-seats.ts';
import { measureAnchors, measureIntake, type Rates } from './support/intake.ts';
import { measureOutage, type OutagePlan } from './support/outage.ts';
import { type BenchOptions, type BenchRow, type Goal, judge, median, percentile } from './support/row.ts';
import { measureSearches, type SearchName, searchNames } from './support/searches.ts';

const ROUNDS = 9;
const QUICK_ROUNDS = 5;
const IDLE_SEATS = 10_000;
/** As many as a machine with 20,000 open files and two busy cores holds. */
const LANES_SEATS = 3000;
const QUICK_IDLE_SEATS = 1000;
const ONE_GIB_IN_MIB = 1024;
const OUTAGE: OutagePlan = { seats: 1000, speed: 6, minutes: 60, outageMinutes: 30 };
const QUICK_OUTAGE: OutagePlan = { seats: 200, speed: 20, minutes: 30, outageMinutes: 10 };
/** Requests that come again shift the rate before the outage by no more than their share: little beside a factor of two. */
const MOST_REFUSED = 0.05;
const EVENTS = 10_000_000;
const QUICK_EVENTS = 1_000_000;
const P95 = 0.95;
const P99 = 0.99;
/** Settings that a hospital's own PostgreSQL has at least. */
const POSTGRES = ['shared_buffers = 256MB', 'max_wal_size = 8GB'];

export async function run(options: BenchOptions): Promise<readonly BenchRow[]> {
  return [...(await onSqlite(options)), ...(await onPostgres(options)), ...(await searchesOnSqlite(options))];
}

async function onPostgres(options: BenchOptions): Promise<readonly BenchRow[]> {
  const names = wantedSearches('', options);
  const intake = options.wants('intake.postgres');
  if (!intake && names.length === 0) return [];
  options.say('Starting PostgreSQL.');
  const cluster = await TestPostgres.start(POSTGRES);
  try {
    const rows = intake ? [await intakeOnPostgres(cluster, options)] : [];
    return names.length === 0
      ? rows
      : [...rows, ...(await searches({ address: await cluster.newDatabase(), names, ending: '', mostMs: 200 }, options))];
  } finally {
    await cluster.end();
  }
}

async function searchesOnSqlite(options: BenchOptions): Promise<readonly BenchRow[]> {
  const names = wantedSearches('.sqlite', options);
  if (names.length === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), 'wardlock-bench-'));
  try {
    return await searches({ address: `sqlite:${join(folder, 'search.db')}`, names, ending: '.sqlite', mostMs: 500 }, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wantedSearches(ending: string, { wants }: BenchOptions): readonly SearchName[] {
  return searchNames.filter((name) => wants(`search.${name}${ending}`));
}

async function onSqlite({ say, quick, wants }: BenchOptions): Promise<readonly BenchRow[]> {
  const rounds = quick ? QUICK_ROUNDS : ROUNDS;
  const rows: BenchRow[] = [];
  if (wants('intake.sqlite') || wants('anchor.sqlite')) {
    await atSite(null, async (site) => {
      const bare = bareSqlite(site.folder);
      try {
        if (wants('intake.sqlite')) {
          say('intake.sqlite: uploads of 256 entries, in turn with bare durable inserts');
          rows.push(rateRow('intake.sqlite', 'entries/s', await measureIntake(site, bare, rounds), 0.3));
        }
        if (wants('anchor.sqlite')) {
          say('anchor.sqlite: anchors, in turn with bare durable single inserts');
          rows.push(rateRow('anchor.sqlite', 'anchors/s', await measureAnchors(site, bare, rounds), 0.3));
        }
      } finally {
        await bare.close();
      }
    });
  }
  if (wants('seats.idle'))
    rows.push(...(await atSite(null, (site) => idleRows(site, idleKinds.polls, quick ? QUICK_IDLE_SEATS : IDLE_SEATS, say))));
  if (wants('seats.lanes'))
    rows.push(...(await atSite(null, (site) => idleRows(site, idleKinds.lanes, quick ? QUICK_IDLE_SEATS : LANES_SEATS, say))));
  if (['lost', 'twice', 'steady', 'peak'].some((name) => wants(`outage.${name}`)))
    rows.push(...(await atSite(null, (site) => outageRows(site, quick ? QUICK_OUTAGE : OUTAGE, say))));
  return rows;
}

async function atSite<T>(database: string | null, work: (site: BenchSite) => Promise<T>): Promise<T> {
  const site = await openBenchSite(database);
  try {
    return await work(site);
  } finally {
    await site.close();
  }
}

async function intakeOnPostgres(cluster: TestPostgres, { say, quick }: BenchOptions): Promise<BenchRow> {
  const bare: BareWriter = await barePostgres(await cluster.newDatabase());
  try {
    say('intake.postgres: uploads of 256 entries, in turn with COPY');
    const rates = await atSite(await cluster.newDatabase(), (site) => measureIntake(site, bare, quick ? QUICK_ROUNDS : ROUNDS));
    return rateRow('intake.postgres', 'entries/s', rates, 0.2);
  } finally {
    await bare.close();
  }
}

/** The slow end of a rate is its low one. */
function rateRow(id: string, unit: string, { product, bare }: Rates, least: number): BenchRow {
  const goal: Goal = { is: 'at least', value: least, of: 'ratio' };
  return judge({ id, unit, median: median(product), p99: percentile(product, 1 - P99), baseline: median(bare), goal });
}

/** The goal is for the full number only. */
async function idleRows(site: BenchSite, kind: IdleKind, wanted: number, say: (text: string) => void): Promise<readonly BenchRow[]> {
  const { id } = kind;
  const { seats, beforeMiB, samplesMiB, samplesCpu } = await measureIdleSeats(site, kind, wanted, say);
  say(`${id}: ${beforeMiB} MiB before the first seat, ${median(samplesMiB)} MiB with ${seats}`);
  const goal: Goal = { is: 'at most', value: ONE_GIB_IN_MIB, of: 'median' };
  const memory = { id, unit: `MiB for ${seats}`, median: median(samplesMiB), p99: percentile(samplesMiB, P99) };
  return [
    judge(seats === IDLE_SEATS ? { ...memory, goal } : memory),
    judge({ id: `${id}.cpu`, unit: `% of a core for ${seats}`, median: median(samplesCpu), p99: percentile(samplesCpu, P99) }),
  ];
}

async function outageRows(site: BenchSite, plan: OutagePlan, say: (text: string) => void): Promise<readonly BenchRow[]> {
  const result = await measureOutage(site, plan, say);
  say(`outage: ${JSON.stringify(result)}`);
  const none: Goal = { is: 'at most', value: 0, of: 'median' };
  return [
    judge({ id: 'outage.lost', unit: `of ${result.events}`, median: Math.max(result.lost, result.unacknowledged), goal: none }),
    judge({ id: 'outage.twice', unit: `of ${result.events}`, median: result.twice, goal: none }),
    // A machine that could not keep up before the outage has nothing that the time after it could be compared with.
    judge({
      id: 'outage.steady',
      unit: 'share of 429 before',
      median: result.steadyRefused,
      goal: { is: 'at most', value: MOST_REFUSED, of: 'median' },
    }),
    judge({
      id: 'outage.peak',
      unit: 'requests/s',
      median: result.peakPerSecond,
      baseline: result.steadyPerSecond,
      goal: { is: 'at most', value: 2, of: 'ratio' },
    }),
  ];
}

interface Searches {
  readonly address: string;
  readonly names: readonly SearchName[];
  /** Of the figures' names: the issue's plain names are PostgreSQL's. */
  readonly ending: string;
  readonly mostMs: number;
}

async function searches({ address, names, ending, mostMs }: Searches, { say, quick }: BenchOptions): Promise<readonly BenchRow[]> {
  const times = await measureSearches({ address, events: quick ? QUICK_EVENTS : EVENTS, names, say });
  return [...times].map(([name, ms]) =>
    judge({
      id: `search.${name}${ending}`,
      unit: 'ms',
      median: median(ms),
      p95: percentile(ms, P95),
      p99: percentile(ms, P99),
      goal: { is: 'at most', value: mostMs, of: 'p95' },
    }),
  );
}
