// A reporter for vitest that writes what build/checks/vitest.mjs needs to one file: every test with its reason for being skipped,
// what could not be loaded, and errors that belong to no test. The path is given in WARDLOCK_REPORT. With WARDLOCK_TELL it names each test
// on standard error when it begins and when it ends.
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { humanTime, line } from '../lib/say.mjs';

/** An error as a person needs it: what was expected, the difference, and where in the project's own files. */
function textOf(error) {
  const places = (error.stack ?? '').split('\n').filter((row) => /^\s+at /.test(row) && !/node_modules|node:internal/.test(row));
  return [`${error.name ?? 'Error'}: ${error.message ?? error}`, ...(error.diff ? [error.diff] : []), ...places].join('\n');
}

const text = (errors) => errors.map(textOf).join('\n');

const statusOf = { passed: 'passed', failed: 'failed', skipped: 'skipped', pending: 'failed' };

const nameOf = (test) => `${test.module.relativeModuleId} > ${test.fullName}`;

function outcomeOf(test) {
  const result = test.result();
  return {
    name: nameOf(test),
    status: statusOf[result.state],
    ms: test.diagnostic()?.duration ?? 0,
    detail: result.state === 'skipped' ? (result.note ?? '') : text(result.errors ?? []),
  };
}

/** Errors of a file or a `describe` block itself, such as a failing import or `beforeAll`. */
function brokenParts(module) {
  const parts = [module, ...module.children.allSuites()];
  return parts
    .filter((part) => part.errors().length > 0)
    .map((part) => ({
      name: `${module.relativeModuleId}${part === module ? '' : ` > ${part.fullName}`} (setup)`,
      status: 'failed',
      ms: 0,
      detail: text(part.errors()),
    }));
}

/** Long tests run for minutes each: a person wants to know which one it is. */
const tells = process.env.WARDLOCK_TELL !== undefined;

export default class OutcomeReporter {
  onTestCaseReady(test) {
    if (tells) line(`  ${nameOf(test)} ...`);
  }

  onTestCaseResult(test) {
    if (!tells) return;
    const { name, status, ms } = outcomeOf(test);
    line(`  ${name}: ${status} (${humanTime(ms)})`);
  }

  onTestRunEnd(modules, unhandled) {
    const outcomes = modules.flatMap((module) => [...[...module.children.allTests()].map(outcomeOf), ...brokenParts(module)]);
    if (unhandled.length > 0) outcomes.push({ name: 'errors outside of any test', status: 'failed', ms: 0, detail: text(unhandled) });
    const file = process.env.WARDLOCK_REPORT;
    if (file === undefined) throw new Error('WARDLOCK_REPORT must name the file to write');
    writeFileSync(file, JSON.stringify(outcomes));
  }
}
