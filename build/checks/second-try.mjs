// Runs the files of a few failed tests once more, with nothing beside them. Meant for whole systems alone: real processes, displays
// and readers on a machine that others share can miss a moment once. Must never hide that: whatever failed first is told by name
// with its failure, and more than a few failures are no chance and stay.
import { line } from '../lib/say.mjs';

/** Failures in more files than this are the change's, not the machine's. */
const MOST_FILES = 3;

/** The file in `NAME: FILE > test`; empty for what belongs to none. */
function fileOf({ name }) {
  return /^[^ ]+: (\S+\.(?:test|spec)\.tsx?)\b/.exec(name)?.[1] ?? '';
}

/**
 * @typedef {import('./outcome.mjs').Outcome} Outcome
 * @param {readonly Outcome[]} first every outcome of a whole run
 * @param {(files: readonly string[]) => Promise<readonly Outcome[]>} runAgain
 * @returns {Promise<readonly Outcome[]>} those of the files that ran again are of their second run; `firstTry` is on what passed only there
 */
export async function withSecondTry(first, runAgain) {
  const failed = first.filter(({ status }) => status === 'failed');
  const files = new Set(failed.map(fileOf));
  if (files.size === 0 || files.size > MOST_FILES || files.has('')) return first;
  for (const { name } of failed) line(`  failed: ${name}`);
  line(`  once more, alone: ${[...files].join(', ')} ...`);
  const second = await runAgain([...files]);
  const again = new Map(second.map((outcome) => [outcome.name, outcome]));
  const merged = first.flatMap((outcome) => {
    if (!files.has(fileOf(outcome))) return [outcome];
    const later = again.get(outcome.name);
    again.delete(outcome.name);
    if (later === undefined) return gone(outcome, second);
    return [outcome.status === 'failed' && later.status === 'passed' ? { ...later, firstTry: outcome.detail ?? '' } : later];
  });
  return [...merged, ...again.values()];
}

/** A preparation that failed has an outcome only then: it has passed if its file ran and nothing of it failed. Else nothing is known. */
function gone(outcome, second) {
  const ofFile = second.filter((other) => fileOf(other) === fileOf(outcome));
  const hasPassed = ofFile.some(({ status }) => status === 'passed') && ofFile.every(({ status }) => status !== 'failed');
  return [hasPassed ? { ...outcome, status: 'passed', firstTry: outcome.detail ?? '' } : outcome];
}
