// Owns what the start-up scripts print: steps with progress and times, on standard error, so that standard output
// belongs to the command itself (a `--json` run stays parseable). Must never hide a failure: quiet mode is silent
// only about steps that had nothing to do.

/** How often a step that takes long says that it is still at work, in milliseconds. */
const TICK_MS = 10_000;

/** A failure that is explained to the person in front of the terminal: what happened, and what to do about it. */
export class StartProblem extends Error {
  /**
   * @param {string} message a plain sentence: what is wrong
   * @param {string} advice a plain sentence: what to do
   * @param {string} [details] output of the tool that failed
   */
  constructor(message, advice, details = '') {
    super(message);
    this.advice = advice;
    this.details = details;
  }
}

/** Milliseconds as a person reads them: `0.4 s`, `2 min 05 s`. */
export function humanTime(ms) {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const rest = Math.round(seconds) % 60;
  return `${Math.floor(Math.round(seconds) / 60)} min ${String(rest).padStart(2, '0')} s`;
}

export function line(text = '') {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a step with its progress on screen.
 * `step.check()` answers with a note when nothing is to be done and with undefined otherwise; `step.perform(progress)`
 * does the work and answers with a note.
 *
 * @param {{title: string, check: () => Promise<string|undefined>, perform: (progress: (text: string) => void) => Promise<string>}} step
 * @param {{position: string, quiet: boolean}} how
 * @param {<T>(body: () => Promise<T>) => Promise<T>} exclusively runs the work while nobody else does the same
 */
export async function runStep(step, how, exclusively) {
  const began = Date.now();
  const inPlace = await step.check();
  const took = () => humanTime(Date.now() - began);
  if (inPlace !== undefined) {
    if (!how.quiet) line(`[${how.position}] ${step.title}: ${inPlace} (${took()})`);
    return;
  }
  line(`[${how.position}] ${step.title} ...`);
  let doing = 'waiting';
  const ticker = setInterval(() => line(`      ${doing}: ${took()} so far`), TICK_MS);
  try {
    const note = await exclusively(async () => {
      // Somebody else may have done the work while this one waited.
      const done = await step.check();
      return (
        done ??
        step.perform((text) => {
          doing = text;
          line(`      ${text}`);
        })
      );
    });
    line(`      ${note} (${took()})`);
  } finally {
    clearInterval(ticker);
  }
}

/** Runs a whole command and turns every failure into plain sentences and exit code 1. */
export async function command(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error;
    if (error.details !== '') line(error.details);
    line(`\nStopped: ${error.message}\nWhat to do: ${error.advice}`);
    process.exitCode = 1;
  }
}
