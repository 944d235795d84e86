/**
 * Keeps the survey of readable files up to date across sessions. Owns the process that makes it; a session never starts
 * with a survey that is older than the last change of a package.
 */
import { execFile } from 'node:child_process';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { isOutdated, type Survey, SYSTEM_FILES, SYSTEM_FOLDERS } from './survey.ts';

const run = promisify(execFile);
const PrintedSurvey = Type.Object({ readable: Type.Array(Type.String()), seen: Type.Array(Type.Tuple([Type.String(), Type.Number()])) });

const MAX_SURVEY_BYTES = 64 * 1024 * 1024;
const SURVEY_LIMIT_MS = 60_000;

export class Surveyor {
  readonly #made = new Map<string, Promise<Survey>>();
  readonly #closing = new AbortController();

  /** Begins the survey of the system, so that the first session neither begins nor ends seconds late for it. */
  begin(): void {
    // One that fails is made again for the session that needs it, which then says why.
    this.ofSystem().catch(() => {});
  }

  /** Ends a survey that is being made. */
  close(): void {
    this.#closing.abort();
  }

  /** Files and folders of the system that a session may read. The first call takes seconds, later ones look at folders only. */
  async ofSystem(): Promise<readonly string[]> {
    return [...(await this.#readable(SYSTEM_FOLDERS)), ...SYSTEM_FILES];
  }

  /** The same of one application's own folder. */
  async ofFolder(folder: string): Promise<readonly string[]> {
    return this.#readable([folder]);
  }

  async #readable(folders: readonly string[]): Promise<readonly string[]> {
    const key = folders.join('\0');
    const known = this.#made.get(key);
    // No wait without one: two that ask at once share the first survey.
    const former = known === undefined ? undefined : await known.catch(() => undefined);
    if (former !== undefined && !isOutdated(former)) return former.readable;
    const made = makeSurvey(folders, this.#closing.signal);
    this.#made.set(key, made);
    return (await made).readable;
  }
}

async function makeSurvey(folders: readonly string[], signal: AbortSignal): Promise<Survey> {
  const program = join(import.meta.dirname, `survey-program${extname(import.meta.filename)}`);
  const { stdout } = await run(process.execPath, [program, ...folders], {
    env: {},
    cwd: '/',
    maxBuffer: MAX_SURVEY_BYTES,
    timeout: SURVEY_LIMIT_MS,
    signal,
  });
  const printed: unknown = JSON.parse(stdout);
  return Value.Parse(PrintedSurvey, printed);
}
