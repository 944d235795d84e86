/**
 * How the commands that read a log end where nothing could be read: one coded sentence, with an exit code that can't be taken for a
 * verdict on the log. The same for `audit verify`, `audit show` and `audit escrow-drill`, so that a script needs to know them once.
 */
import { asCoded } from '../agent/store/database.ts';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';

/** The command line is wrong, this is no log, or it can't be opened (EX_USAGE, EX_DATAERR, EX_NOINPUT). */
const EXIT_USAGE = 64;
const EXIT_NOT_A_LOG = 65;
const EXIT_UNREADABLE = 66;
/** A mistake of the command itself (EX_SOFTWARE): Node would end with 1, which says that the log has faults. */
const EXIT_SOFTWARE = 70;

export const REFUSAL_HELP = "64 the command line is wrong, 65 this is no log, 66 it can't be opened, 70 the command itself failed";

/** Ends with the code that `work` answers, or with that of the refusal. */
export async function orRefuse(path: string, json: boolean, work: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    const refusal = asRefusal(error, path);
    process.exitCode = refusal === undefined ? fail(error) : refuse(refusal, json);
  }
}

/** What the file system or the database refuses is no fault of the log, and must not end as one; `undefined` for what nobody expected. */
function asRefusal(thrown: unknown, path: string): WardlockError | undefined {
  const error = asCoded(thrown, path);
  if (isWardlockError(error)) return error;
  if (!(error instanceof Error && 'syscall' in error)) return undefined;
  return new WardlockError('AUDIT_STORE_FAILED', `What should be read cannot be: ${error.message}.`, { cause: error });
}

/** Says where it happened, for whoever mends the command. */
function fail(error: unknown): number {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT_SOFTWARE;
}

/** Says the coded error as every command does. */
function refuse(error: WardlockError, json: boolean): number {
  process.stderr.write(json ? `${JSON.stringify({ error: error.toBody() })}\n` : `${error.message} (${error.code})\n`);
  if (error.code === 'START_USAGE' || error.code === 'AUDIT_KEY_UNSUITABLE') return EXIT_USAGE;
  return error.code === 'AUDIT_STORE_LOCKED' || error.code === 'AUDIT_STORE_FAILED' ? EXIT_UNREADABLE : EXIT_NOT_A_LOG;
}
