/**
 * Findings about the record that nobody has acknowledged yet. Owns the list and its stored form; it outlives restarts.
 */
import Type from 'typebox';
import { Value } from 'typebox/value';
import { fromUtf8, utf8 } from '../../core/audit/bytes.ts';
import { type Fault, faultMeanings } from '../../core/audit/faults.ts';

const Stored = Type.Array(
  Type.Object({
    code: Type.String(),
    range: Type.Optional(Type.Object({ from: Type.Integer(), to: Type.Integer() })),
    epoch: Type.Optional(Type.Integer()),
    detail: Type.Optional(Type.String()),
  }),
);
/** More alarms than this are one alarm too many to read; the log itself holds every one. */
const MAX_ALARMS = 100;

const UNREADABLE: Fault = { code: 'STORE_DAMAGED', detail: 'What was found before and nobody has acknowledged cannot be read any more.' };

export class Alarms {
  #open: Fault[] = [];

  get open(): readonly Fault[] {
    return this.#open;
  }

  /** Answers those that are new: one that stands already is no second alarm. */
  add(findings: readonly Fault[]): readonly Fault[] {
    const fresh = findings.filter((fault) => !this.#stands(fault));
    this.#open = [...this.#open, ...fresh].slice(-MAX_ALARMS);
    return fresh;
  }

  /** Those alone that somebody has seen: one that was added meanwhile stays. */
  remove(seen: readonly Fault[]): void {
    this.#open = this.#open.filter((fault) => !seen.includes(fault));
  }

  encode(): Uint8Array {
    return utf8(JSON.stringify(this.#open));
  }

  /** Those that were kept; what came up since and could not be kept stays. Answers what is wrong with what was kept. */
  load(stored: Uint8Array | undefined): readonly Fault[] {
    const kept = stored === undefined ? [] : readStored(stored);
    this.add(kept ?? []);
    return kept === undefined ? [UNREADABLE] : [];
  }

  #stands(fault: Fault): boolean {
    return this.#open.some((other) => JSON.stringify(other) === JSON.stringify(fault));
  }
}

/** `undefined` for anything that was not written here, or not all of it. */
function readStored(stored: Uint8Array): readonly Fault[] | undefined {
  const value = parseJson(fromUtf8(stored) ?? '');
  return Value.Check(Stored, value) && value.every(isFault) ? value : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isFault(value: { readonly code: string }): value is Fault {
  return Object.hasOwn(faultMeanings, value.code);
}
