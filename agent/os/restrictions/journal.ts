/**
 * What settings of the system were before the seat changed them, on the disk before they are. Owns the file and its form; it
 * changes no setting. What was put back stays in it until the next change, so that it can be proved.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../../core/errors/index.ts';
import { replaceFile } from '../replace-file.ts';

const Entry = Type.Object({
  id: Type.String(),
  former: Type.String(),
  wanted: Type.String(),
  /** The boot of the machine in which it was changed; an older build did not say. */
  boot: Type.Optional(Type.String()),
});
const Journal = Type.Object({
  format: Type.Literal('wardlock-restrictions/1'),
  /** Changed, and not put back. */
  entries: Type.Array(Entry),
  /** Put back. */
  restored: Type.Optional(Type.Array(Entry)),
});

export type JournalEntry = Static<typeof Entry>;

export interface JournalContent {
  readonly entries: readonly JournalEntry[];
  readonly restored: readonly JournalEntry[];
}

const EMPTY: JournalContent = { entries: [], restored: [] };

/** @throws OS_RESTRICTION_FAILED when the file is no journal */
export async function readJournal(path: string): Promise<JournalContent> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (text === undefined) return EMPTY;
  try {
    const read: unknown = JSON.parse(text);
    const { entries, restored = [] } = Value.Parse(Journal, read);
    return { entries, restored };
  } catch (cause) {
    throw new WardlockError('OS_RESTRICTION_FAILED', `${path} is not a journal of restrictions.`, { cause });
  }
}

/** Durable when the promise resolves. */
export async function writeJournal(path: string, { entries, restored }: JournalContent): Promise<void> {
  await replaceFile(path, JSON.stringify({ format: 'wardlock-restrictions/1', entries, restored }));
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Names this boot of the machine; undefined where the system does not. */
export function thisBoot(): string | undefined {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Whether the machine has booted since: what was changed then is gone, and the former value says nothing any more. */
export function isOfFormerBoot({ boot }: JournalEntry): boolean {
  const now = thisBoot();
  return boot !== undefined && now !== undefined && boot !== now;
}
