// Owns what a check reports and how reports become the results file and the summary. Must never drop an outcome.
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { humanTime, line } from '../lib/say.mjs';

/**
 * @typedef {{name: string, status: 'passed'|'failed'|'skipped', ms: number, detail?: string, firstTry?: string}} Outcome
 * detail: why it failed or was skipped; firstTry: why what passed had failed before. The results file says only that there was one.
 */

/** How often a check that runs says that it still does. */
const SIGN_OF_LIFE_MS = 30_000;

/** How many lines of one failure are printed. */
const DETAIL_LINES = 40;

/** How many failures are printed in full; the rest by name. */
const DETAILED_FAILURES = 25;

/** How many skips are listed with their reasons. */
const LISTED_SKIPS = 60;

/** @param {readonly Outcome[]} outcomes */
export function count(outcomes) {
  const of = (status) => outcomes.filter((outcome) => outcome.status === status).length;
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') };
}

export function countLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function clip(text) {
  const lines = text.trimEnd().split('\n');
  if (lines.length <= DETAIL_LINES) return lines.join('\n');
  const half = DETAIL_LINES / 2;
  return [...lines.slice(0, half), `... ${lines.length - DETAIL_LINES} lines left out ...`, ...lines.slice(-half)].join('\n');
}

/** @param {readonly Outcome[]} outcomes */
export function printFailures(outcomes) {
  const skipped = outcomes.filter((outcome) => outcome.status === 'skipped');
  if (skipped.length > 0) line('\nSkipped:');
  for (const outcome of skipped.slice(0, LISTED_SKIPS)) line(`  - ${outcome.name}: ${outcome.detail || 'no reason given'}`);
  if (skipped.length > LISTED_SKIPS) line(`  ... and ${skipped.length - LISTED_SKIPS} more`);
  const late = outcomes.filter((outcome) => outcome.firstTry !== undefined);
  printInFull('Passed only at a second try, alone (each is a defect of the test or of the product):', late, 'firstTry');
  const failed = outcomes.filter((outcome) => outcome.status === 'failed');
  printInFull('Failed:', failed, 'detail');
}

function printInFull(title, outcomes, field) {
  if (outcomes.length > 0) line(`\n${title}`);
  for (const [index, outcome] of outcomes.entries()) {
    line(`\n${index + 1}) ${outcome.name}`);
    if (index < DETAILED_FAILURES && outcome[field]) line(clip(outcome[field]).replace(/^/gm, '   '));
  }
}

/**
 * @param {string} file
 * @param {readonly Outcome[]} outcomes
 */
export async function writeResults(file, outcomes) {
  await mkdir(path.dirname(file), { recursive: true });
  const rows = outcomes.map(({ name, status, ms, firstTry }) => {
    return { name, status, ms: Math.round(ms), ...(firstTry === undefined ? {} : { secondTry: true }) };
  });
  await writeFile(file, `${JSON.stringify(rows, null, 1)}\n`);
}

/**
 * Runs one check and says how it went.
 *
 * @param {string} place
 * @param {{name: string, run: () => Promise<Outcome[]>}} check
 * @returns {Promise<Outcome[]>}
 */
async function runCheck(place, check) {
  const began = Date.now();
  line(`${place} ...`);
  const alive = setInterval(() => line(`${place} ... ${humanTime(Date.now() - began)}`), SIGN_OF_LIFE_MS);
  let outcomes;
  try {
    outcomes = await check.run();
  } catch (error) {
    outcomes = [{ name: check.name, status: 'failed', ms: Date.now() - began, detail: error.stack ?? String(error) }];
  } finally {
    clearInterval(alive);
  }
  if (outcomes.length === 0) {
    outcomes = [{ name: check.name, status: 'failed', ms: Date.now() - began, detail: 'This check reported nothing at all.' }];
  }
  line(`${place}: ${countLine(count(outcomes))} (${humanTime(Date.now() - began)})`);
  return outcomes;
}

/**
 * Runs checks one after the other, those of a list within the list side by side, one to a processor.
 *
 * @typedef {{name: string, run: () => Promise<Outcome[]>}} Check
 * @param {readonly (Check | readonly Check[])[]} checks
 * @returns {Promise<Outcome[]>} in the order of the checks
 */
export async function runChecks(checks) {
  const total = checks.flat().length;
  const all = [];
  for (const entry of checks) {
    const first = all.length;
    const waiting = [entry].flat().entries();
    const lane = async () => {
      for (const [index, check] of waiting) {
        all[first + index] = await runCheck(`[${first + index + 1}/${total}] ${check.name}`, check);
      }
    };
    await Promise.all(Array.from({ length: os.availableParallelism() }, lane));
  }
  return all.flat();
}
