/**
 * Where the program lies for the users that run it, as `npm start`'s preparation wrote it down. Never guesses: without
 * that record nothing is started.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../core/errors/index.ts';

const Runtime = Type.Object({
  /** Readable by every user of this machine; the checkout itself where that is so. */
  root: Type.String(),
  node: Type.String(),
  electron: Type.Object({ path: Type.String(), version: Type.String(), fallback: Type.Boolean() }),
});
export type Runtime = Static<typeof Runtime>;

/** @throws WardlockError START_NOT_PREPARED */
export function readRuntime(): Runtime {
  const file = fileURLToPath(new URL('../out/runtime.json', import.meta.url));
  try {
    return Value.Parse(Runtime, JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new WardlockError('START_NOT_PREPARED', undefined, { cause });
  }
}
