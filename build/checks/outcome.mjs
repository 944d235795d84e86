// Owns what a check reports and how reports become the results file and the summary. Must never drop an outcome.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { humanTime, line } from '../lib/say.mjs';

/**
 * @typedef {{name: string, status: 'passed'|'failed'|'skipped', ms: number, detail?: string}} Outcome
 * detail: why it failed or was skipped; not part of the results file.
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
  const failed = outcomes.filter((outcome) => outcome.status === 'failed');
  if (failed.length > 0) line('\nFailed:');
  for (const [index, outcome] of failed.entries()) {
    line(`\n${index + 1}) ${outcome.name}`);
    if (index < DETAILED_FAILURES && outcome.detail) line(clip(outcome.detail).replace(/^/gm, '   '));
  }
}

/**
 * @param {string} file
 * @param {readonly Outcome[]} outcomes
 */
export async function writeResults(file, outcomes) {
  await mkdir(path.dirname(file), { recursive: true });
  const rows = outcomes.map(({ name, status, ms }) => ({ name, status, ms: Math.round(ms) }));
  await writeFile(file, `${JSON.stringify(rows, null, 1)}\n`);
}

/**
 * Runs checks one after the other.
 *
 * @param {readonly {name: string, run: () => Promise<Outcome[]>}[]} checks
 * @returns {Promise<Outcome[]>}
 */
export async function runChecks(checks) {
  const all = [];
  for (const [index, check] of checks.entries()) {
    const began = Date.now();
    const place = `[${index + 1}/${checks.length}] ${check.name}`;
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
    all.push(...outcomes);
  }
  return all;
}
