/**
 * `npm run bench -- SUITE [--json] [--quick] [--full] [--only ID …]`: runs one suite and prints its rows, for a person or as one JSON array. A suite
 * is a file of this folder, `NAME.ts`, that exports `run`. Exit code: 0 all goals met, 1 a goal missed, 2 used wrongly.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { BenchRow, BenchSuite } from './support/row.ts';

/** What each suite measures. A test holds these names against the files of this folder. */
const SUITES: Readonly<Record<string, string>> = {
  audit: 'the audit log: appending, verifying, memory, against bare inserts and hashes of the same bytes',
  exec: 'what shutting a session in costs: starting programs and applications in it, and ending it (root on Linux)',
  seat: 'the seat in real Electron: badge to work, tap-over, lock, a storm of taps, waiting',
  server: 'the server: uploads, anchors, idle seats, an outage of a fleet, the five searches',
  slice: 'one look through everything: badge to launcher, durable appends, memory of the agent',
};
const names = Object.keys(SUITES);

function isSuite(module: unknown): module is BenchSuite {
  return typeof module === 'object' && module !== null && 'run' in module && typeof module.run === 'function';
}

async function load(name: string): Promise<BenchSuite> {
  const module: unknown = await import(`./${name}.ts`);
  if (!isSuite(module)) throw new TypeError(`test/bench/${name}.ts exports no function named run.`);
  return module;
}

const figure = (value: number | null): string => (value === null ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const GOAL_UNITS = { median: '', p95: ' (p95)', ratio: ' x', 'p95 ratio': ' x (p95)' } as const;
const goalText = (row: BenchRow): string =>
  row.goal === null ? '' : `${row.bound} ${row.goal}${row.of === null ? '' : GOAL_UNITS[row.of]}`;
const verdict = (met: boolean | null): string => (met === null ? '' : met ? 'yes' : 'NO');

function table(rows: readonly BenchRow[]): string {
  const head = ['figure', 'unit', 'median', 'p95', 'p99', 'baseline', 'ratio', 'goal', 'met'];
  const body = rows.map((row) => [
    row.id,
    row.unit,
    figure(row.median),
    figure(row.p95 ?? null),
    figure(row.p99),
    figure(row.baseline),
    figure(row.ratio),
    goalText(row),
    verdict(row.met),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => cells[column]?.length ?? 0)));
  return [head, ...body]
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

interface Asked {
  readonly help: boolean;
  readonly json: boolean;
  readonly full: boolean;
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly suites: readonly string[];
}

/** Null when the command line names an option that there is not. */
function asked(): Asked | null {
  const options = {
    help: { type: 'boolean', short: 'h', default: false },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] as string[] },
  } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { ...values, suites: positionals };
  } catch {
    return null;
  }
}

const USAGE = `npm run bench -- SUITE [--json] [--quick] [--full] [--only ID …]

${Object.entries(SUITES)
  .map(([suite, measures]) => `  ${suite.padEnd(8)} ${measures}`)
  .join('\n')}

  --quick    smaller sizes or fewer rounds, where the suite has them: for a look, not for the record
  --full     also the largest sizes, which take long and which a run otherwise leaves out
  --only ID  this figure, or all that begin with ID and a dot; may be repeated. The rest is not printed
  --json     one JSON array on standard output

Exit code: 0 all goals met, 1 a goal missed, 2 used wrongly.
`;
const wanted = asked();
const [name] = wanted?.suites ?? [];
if (wanted?.help === true) process.stdout.write(USAGE);
else if (wanted === null || name === undefined || wanted.suites.length !== 1 || !names.includes(name)) {
  process.stderr.write(`Name one suite.\n${USAGE}`);
  process.exitCode = 2;
} else {
  const suite = await load(name);
  const wants = (id: string): boolean => wanted.only.length === 0 || wanted.only.some((only) => id === only || id.startsWith(`${only}.`));
  const { quick, full } = wanted;
  const measured = await suite.run({ quick, full, wants, say: (text) => process.stderr.write(`${text}\n`) });
  const rows = measured.filter(({ id }) => wants(id));
  if (rows.length === 0) process.stderr.write(`No figure of ${name} is called ${wanted.only.join(' or ')}.\n`);
  process.stdout.write(wanted.json ? `${JSON.stringify(rows)}\n` : `${table(rows)}\n`);
  process.exitCode = rows.length === 0 ? 2 : rows.every((row) => row.met !== false) ? 0 : 1;
}
