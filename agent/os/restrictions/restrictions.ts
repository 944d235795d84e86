/**
 * Changes settings of the operating system and puts them back: the former value is journalled, durable, before a setting is
 * touched, so that a crash at any point can be undone at the next start. Owns the journal; knows no setting by name.
 */
import { readFile, rm } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { WardlockError } from '../../../core/errors/index.ts';
import { replaceFile } from '../replace-file.ts';
import type { OsSetting } from './setting.ts';

const Entry = Type.Object({ id: Type.String(), former: Type.String(), wanted: Type.String() });
const Journal = Type.Object({ format: Type.Literal('wardlock-restrictions/1'), entries: Type.Array(Entry) });
type Entry = Static<typeof Entry>;

/** A setting that could not be changed or put back, and why. */
export interface SettingFailure {
  readonly id: string;
  readonly detail: string;
}

export interface RestrictionReport {
  readonly done: readonly string[];
  readonly failed: readonly SettingFailure[];
}

export class Restrictions {
  readonly #journal: string;
  readonly #settings: readonly OsSetting[];

  constructor(journal: string, settings: readonly OsSetting[]) {
    this.#journal = journal;
    this.#settings = settings;
  }

  /** Changes every setting to the wanted value. One that fails does not keep the others from being changed; it is told. */
  async perform(): Promise<RestrictionReport> {
    return this.#each(this.#settings, async (setting) => {
      const former = await setting.read();
      const entries = await this.#read();
      // The value of before the first run counts: after a crash the setting may still have the wanted one.
      if (!entries.some(({ id }) => id === setting.id)) {
        await this.#write([...entries, { id: setting.id, former, wanted: setting.wanted }]);
      }
      if (former !== setting.wanted) await setting.write(setting.wanted);
    });
  }

  /**
   * Puts every journalled setting back, the last first, and forgets those that are. Goes on after one that fails; it stays in the
   * journal for the next start. A setting that someone else has changed meanwhile is theirs, and is left as it is.
   */
  async revert(): Promise<RestrictionReport> {
    const entries = (await this.#read()).toReversed();
    return this.#each(entries, async (entry) => {
      const setting = this.#settings.find(({ id }) => id === entry.id);
      if (setting === undefined)
        throw new WardlockError('OS_RESTRICTION_FAILED', 'This build does not know the setting. Put it back by hand.');
      if ((await setting.read()) === entry.wanted) await setting.write(entry.former);
      await this.#write((await this.#read()).filter(({ id }) => id !== entry.id));
    });
  }

  /** Settings that are not what they were before, and how they differ. Empty after a complete `revert`. */
  async unrestored(): Promise<readonly SettingFailure[]> {
    const entries = await this.#read();
    return entries.map(({ id, former, wanted }) => ({ id, detail: `was ${former}, was set to ${wanted}, and was not put back` }));
  }

  async #each<T extends { readonly id: string }>(items: readonly T[], act: (item: T) => Promise<void>): Promise<RestrictionReport> {
    const done: string[] = [];
    const failed: SettingFailure[] = [];
    for (const item of items) {
      try {
        await act(item);
        done.push(item.id);
      } catch (cause) {
        failed.push({ id: item.id, detail: cause instanceof Error ? cause.message : String(cause) });
      }
    }
    return { done, failed };
  }

  async #read(): Promise<readonly Entry[]> {
    const text = await readFile(this.#journal, 'utf8').catch((cause: unknown) => {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
      throw cause;
    });
    if (text === undefined) return [];
    try {
      const read: unknown = JSON.parse(text);
      return Value.Parse(Journal, read).entries;
    } catch (cause) {
      throw new WardlockError('OS_RESTRICTION_FAILED', `${this.#journal} is not a journal of restrictions.`, { cause });
    }
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) await rm(this.#journal, { force: true });
    else await replaceFile(this.#journal, JSON.stringify({ format: 'wardlock-restrictions/1', entries }));
  }
}
