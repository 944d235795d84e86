/** The operating system's code of a failure, such as `ENOENT`, for commands that tell people what it means. It says nothing itself. */

/** Empty for a failure that has none. */
export function systemCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}
