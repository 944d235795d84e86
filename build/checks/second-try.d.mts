/** For the test of the counting: the checks themselves are plain JavaScript. */
interface Outcome {
  readonly name: string;
  readonly status: string;
  readonly ms: number;
  readonly detail?: string;
  readonly firstTry?: string;
}

export declare function withSecondTry(
  first: readonly Outcome[],
  runAgain: (files: readonly string[]) => Promise<readonly Outcome[]>,
): Promise<readonly Outcome[]>;
