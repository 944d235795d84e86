/**
 * Changes settings of the operating system and puts them back: the former value is journalled, durable, before a setting is
 * touched, so that a crash at any point can be undone at the next start. Knows no setting by name, and believes none without reading it.
 */
import { WardlockError } from '../../../core/errors/index.ts';
import { isOfFormerBoot, type JournalEntry, readJournal, thisBoot, writeJournal } from './journal.ts';
import type { OsSetting } from './setting.ts';

/** A setting that could not be changed or put back, and why. */
export interface SettingFailure {
  readonly id: string;
  readonly detail: string;
}

export interface RestrictionReport {
  readonly done: readonly string[];
  readonly failed: readonly SettingFailure[];
}

/** What one setting, read now, is against what it was before the seat changed it. */
export interface SettingProof {
  readonly id: string;
  /** `asBefore`, `booted` and `theirs` (somebody else has changed it since) are well; `left` and `unknown` are not. */
  readonly state: 'asBefore' | 'booted' | 'theirs' | 'left' | 'unknown';
  readonly detail: string;
}

export class Restrictions {
  readonly #journal: string;
  readonly #settings: readonly OsSetting[];
  /** Two at once would lose each other's entries. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(journal: string, settings: readonly OsSetting[]) {
    this.#journal = journal;
    this.#settings = settings.filter((setting) => setting.isThere?.() ?? true);
  }

  /** Changes every setting to the wanted value. One that fails does not keep the others from being changed; it is told. */
  async perform(): Promise<RestrictionReport> {
    return this.#alone(() =>
      each(this.#settings, async (setting) => {
        const actual = await setting.read();
        await this.#remember(setting, actual);
        if (!(setting.isMet?.(actual) ?? actual === setting.wanted)) await change(setting, setting.wanted);
      }),
    );
  }

  /**
   * Puts every journalled setting back, the last first. Goes on after one that fails; it stays in the journal for the next start. A
   * setting that someone else has changed meanwhile is theirs, and what the machine has set anew at a boot is right as it is.
   */
  async revert(): Promise<RestrictionReport> {
    return this.#alone(async () => {
      const { entries } = await readJournal(this.#journal);
      return each(entries.toReversed(), async (entry) => {
        if (!isOfFormerBoot(entry)) {
          const setting = this.#setting(entry);
          if ((await setting.read()) === entry.wanted && entry.former !== entry.wanted) await change(setting, entry.former);
        }
        await this.#putBack(entry);
      });
    });
  }

  /** Reads every setting that the seat ever changed, as far as the journal knows. Empty: nothing is known, so nothing is proved. */
  async prove(): Promise<readonly SettingProof[]> {
    const { entries, restored } = await readJournal(this.#journal);
    return Promise.all([...entries, ...restored].map((entry) => this.#proveOne(entry)));
  }

  async #proveOne(entry: JournalEntry): Promise<SettingProof> {
    const { id, former, wanted } = entry;
    if (isOfFormerBoot(entry)) return { id, state: 'booted', detail: 'the machine has set it anew at its last boot' };
    try {
      const actual = await this.#setting(entry).read();
      if (actual === former) return { id, state: 'asBefore', detail: `is ${actual}, as before` };
      if (actual === wanted) return { id, state: 'left', detail: `was ${former}, and is still ${wanted}, which the seat set it to` };
      return {
        id,
        state: 'theirs',
        detail: `was ${former}, was set to ${wanted} by the seat, and somebody else has made it ${actual} since`,
      };
    } catch (cause) {
      return { id, state: 'unknown', detail: `was ${former}, and could not be read: ${inWords(cause)}` };
    }
  }

  /** Journals the value to put back, unless it is known. After a crash the setting has the wanted one, which is not what it was before. */
  async #remember({ id, wanted }: OsSetting, actual: string): Promise<void> {
    const { entries, restored } = await readJournal(this.#journal);
    const known = entries.find((entry) => entry.id === id);
    const isStillTrue = known !== undefined && !isOfFormerBoot(known) && (actual === known.former || actual === known.wanted);
    if (isStillTrue && (known.former !== known.wanted || actual === known.former)) return;
    const boot = thisBoot();
    const entry = { id, former: actual, wanted, ...(boot === undefined ? {} : { boot }) };
    const others = (list: readonly JournalEntry[]): readonly JournalEntry[] => list.filter((one) => one.id !== id);
    await writeJournal(this.#journal, { entries: [...others(entries), entry], restored: others(restored) });
  }

  async #putBack(entry: JournalEntry): Promise<void> {
    const { entries, restored } = await readJournal(this.#journal);
    const others = (list: readonly JournalEntry[]): readonly JournalEntry[] => list.filter(({ id }) => id !== entry.id);
    await writeJournal(this.#journal, { entries: others(entries), restored: [...others(restored), entry] });
  }

  #setting({ id }: JournalEntry): OsSetting {
    const setting = this.#settings.find((one) => one.id === id);
    if (setting === undefined)
      throw new WardlockError('OS_RESTRICTION_FAILED', 'This build, or this kernel, does not know the setting. Put it back by hand.');
    return setting;
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** A write that the system took without a word may have done nothing. */
async function change(setting: OsSetting, value: string): Promise<void> {
  await setting.write(value);
  const now = await setting.read();
  if (now !== value) throw new WardlockError('OS_RESTRICTION_FAILED', `It was set to ${value} and is ${now}.`);
}

async function each<T extends { readonly id: string }>(items: readonly T[], act: (item: T) => Promise<void>): Promise<RestrictionReport> {
  const done: string[] = [];
  const failed: SettingFailure[] = [];
  for (const item of items) {
    try {
      await act(item);
      done.push(item.id);
    } catch (cause) {
      failed.push({ id: item.id, detail: inWords(cause) });
    }
  }
  return { done, failed };
}

function inWords(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
