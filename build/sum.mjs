// Prints the last lines of `.ci/run`: what passed only at a second try and what failed, by name, and the sum over the results files that are named. A missing or
// unreadable file is one failure, so that a suite which died cannot look green.
import { readFileSync } from 'node:fs';
import { count, countLine } from './checks/outcome.mjs';

const outcomes = process.argv.slice(2).flatMap((file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    process.stderr.write(`${file} cannot be read (${error.message}): its suite ended before it could report.\n`);
    return [{ name: file, status: 'failed', ms: 0 }];
  }
});
const sum = count(outcomes);
for (const { name, secondTry } of outcomes) if (secondTry) process.stdout.write(`passed only at a second try: ${name}\n`);
for (const { name, status } of outcomes) if (status === 'failed') process.stdout.write(`failed: ${name}\n`);
process.stdout.write(`${countLine(sum)}\n`);
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
