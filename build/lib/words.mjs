// Owns what a script of the checkout does with words that it was given: it tells its help, and does nothing in the place of a word that it does
// not know.
import { StartProblem } from './say.mjs';

/**
 * Prints the help when it was asked for, and says so.
 *
 * @param {string} about the help
 * @param {readonly string[]} words what stands behind the command, without what it takes
 */
export function isHelpOnly(about, words) {
  if (words.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(about);
    return true;
  }
  const [unknown] = words;
  if (unknown === undefined) return false;
  throw new StartProblem(`This command does not know what to do with "${unknown}".`, `It is used like this:\n\n${about}`);
}
