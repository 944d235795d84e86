/** What a compiler gives back: files for an engine, and everything of the policy that the engine can't hold to. */

/** One thing that the engine does not do although the policy says it. */
export interface LeftOut {
  /** Where in the document, such as `/rules/0`; empty for the policy as a whole. */
  readonly path: string;
  readonly sentence: string;
}

export interface CompiledFile {
  readonly name: string;
  readonly text: string;
}

export interface Compiled {
  readonly files: readonly CompiledFile[];
  /** Never empty: no engine knows all of a policy. */
  readonly leftOut: readonly LeftOut[];
}

/** The seat that is compiled for, where it is known; rules about other wards and seats are then settled here. */
export type { Place } from '../../core/decision/reach.ts';
