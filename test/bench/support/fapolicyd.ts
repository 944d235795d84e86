/**
 * What fapolicyd costs where it holds a seat's programs instead of Wardlock's own layers: the same loop under compiled rules, before and while it
 * judges, in one namespace.
 */
import { hashOf, JUDGED_UID, nativeApp, underFapolicyd } from '../../support/fapolicyd.ts';
import { type BenchRow, judge, median, percentile } from './row.ts';

const SHELL = '/usr/bin/dash';
const TRUE = '/usr/bin/true';
const ROUNDS = 5;
const NANOSECONDS_PER_MICROSECOND = 1_000;

/** @param execs programs that one loop starts */
export async function measureFapolicyd(execs: number): Promise<BenchRow> {
  const loop = `i=0; while [ $i -lt ${execs} ]; do ${TRUE}; i=$((i+1)); done`;
  // The clock is read by root's own date, which is not judged.
  const rounds = (name: string): string => `r=0; while [ $r -lt ${ROUNDS} ]; do
  s=$(date +%s%N); setpriv --reuid ${JUDGED_UID} --regid ${JUDGED_UID} --clear-groups ${SHELL} -c '${loop}' && echo "${name} $(($(date +%s%N)-s))"; r=$((r+1))
done`;
  const shell = await nativeApp('shell', SHELL, [{ path: TRUE, sha256: await hashOf(TRUE) }]);
  const { lines } = await underFapolicyd({ apps: [shell], scripts: { before: rounds('bare'), during: rounds('judged') } });
  const times = (name: string): readonly number[] => {
    const found = lines.filter((line) => line.startsWith(`${name} `)).map((line) => Number(line.slice(name.length + 1)));
    if (found.length !== ROUNDS) throw new Error(`fapolicyd was to be measured ${ROUNDS} times (${name}): ${lines.join('; ')}`);
    return found.map((nanoseconds) => nanoseconds / NANOSECONDS_PER_MICROSECOND / execs);
  };
  const judged = times('judged');
  return judge({
    id: 'exec.fapolicyd',
    unit: 'µs',
    median: median(judged),
    p99: percentile(judged, 0.99),
    baseline: median(times('bare')),
  });
}
