/**
 * One setting of the operating system that a seat changes while it runs, and can put back. Owns the words; what there is to change
 * stands in `settings.ts`, when and in which order in `restrictions.ts`.
 */

/** A reversible setting of the running system: the next boot sets it anew. Values are short texts that `read` gives and `write` takes. */
export interface OsSetting {
  /** Stable: it names the setting in the journal of a run that crashed, perhaps one of an older build. */
  readonly id: string;
  /** The value while the seat is guarded. */
  readonly wanted: string;
  /** False where this kernel does not have it, so that there is nothing to guard against. Absent: every kernel has it. */
  isThere?(): boolean;
  /** Whether the machine is guarded with this value, where others than `wanted` will do as well. Absent: only `wanted` does. */
  isMet?(value: string): boolean;
  read(): Promise<string>;
  write(value: string): Promise<void>;
}
