// Owns the order in which a fresh clone becomes runnable. Shared by every command (start, test, bench, cli). Must run
// on Node 18 with nothing installed, so it and what it imports are plain JavaScript without dependencies.

import { exclusively } from './lib/lock.mjs';
import { line, runStep, StartProblem } from './lib/say.mjs';
import { bundleStep } from './steps/bundle.mjs';
import { debianStep } from './steps/debian.mjs';
import { electronStep } from './steps/electron.mjs';
import { nodeStep } from './steps/node.mjs';
import { packagesStep } from './steps/packages.mjs';
import { runtimeStep } from './steps/runtime.mjs';

/** The oldest Node that can run these scripts themselves. */
const OLDEST_NODE = 18;

const plans = {
  tools: [packagesStep, nodeStep],
  app: [packagesStep, nodeStep, debianStep, electronStep, bundleStep, runtimeStep],
};

/**
 * Brings the checkout to the point where a command can run.
 *
 * @param {keyof typeof plans} plan what the command needs
 * @param {{quiet?: boolean}} [options] quiet: say nothing about steps that had nothing to do
 */
export async function bootstrap(plan, options = {}) {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    throw new StartProblem(`This is Node ${process.version}.`, `Install Node ${OLDEST_NODE} or later and run the same command again.`);
  }
  // Unprivileged users of a seat run what is installed and built here.
  process.umask(0o022);
  const quiet = options.quiet ?? false;
  const steps = plans[plan];
  for (const [index, step] of steps.entries()) {
    await runStep(step, { position: `${index + 1}/${steps.length}`, quiet }, exclusively);
  }
  if (!quiet) line();
}
