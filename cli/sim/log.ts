/**
 * The log of a simulated seat: real entries by the product's own writer, in memory. A log is a value, so that a test can keep
 * one and go on from it twice, as a cloned disk does; logs that follow each other share their entries.
 */
import { NO_LINK } from '../../core/audit/draft.ts';
import {
  type ChainState,
  CompactRange,
  consistencyProof,
  formatNote,
  INCARNATION_BYTES,
  type KeptCheckpoint,
  LogDraft,
  type NamedSigner,
  parseCheckpoint,
  signNote,
  treeHasher,
} from '../../core/audit/index.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { nodeCrypto } from '../../crypto/index.ts';

export const simHasher = treeHasher(nodeCrypto);

/** What a checkpoint covers, and how to get there from the end of the run. */
export interface SimRun {
  readonly start: number;
  readonly note: string;
  readonly proof: readonly Uint8Array[];
  readonly entries: readonly Uint8Array[];
}

export interface RunLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** Only ever appended to; a log that is not its newest reader makes itself a copy first. */
interface Grown {
  readonly entries: Uint8Array[];
  /** Hashes of complete subtrees by level, leaves first. */
  readonly levels: Uint8Array[][];
}

interface Held {
  readonly grown: Grown;
  readonly logSigner: NamedSigner;
}

export class SimLog {
  readonly workstation: Uint8Array;
  readonly incarnation: Uint8Array;
  readonly size: number;
  readonly kept: readonly KeptCheckpoint[];
  /** The newest signed checkpoint; empty before the first epoch. */
  readonly head: string;
  readonly state: ChainState;
  readonly #grown: Grown;
  readonly #logSigner: NamedSigner;

  private constructor(state: ChainState, { grown, logSigner, kept, head }: Pick<SimLog, 'kept' | 'head'> & Held) {
    this.workstation = state.log.workstation;
    this.incarnation = state.log.incarnation;
    this.size = state.range.end;
    this.state = state;
    this.kept = kept;
    this.head = head;
    this.#grown = grown;
    this.#logSigner = logSigner;
  }

  static begin(workstation: Uint8Array, logSigner: NamedSigner): SimLog {
    const log = { workstation, incarnation: nodeCrypto.random(INCARNATION_BYTES) };
    const state = { log, range: CompactRange.empty(simHasher), link: NO_LINK, epoch: undefined };
    return new SimLog(state, { grown: { entries: [], levels: [] }, logSigner, kept: [], head: '' });
  }

  get entries(): readonly Uint8Array[] {
    return this.#grown.entries.slice(0, this.size);
  }

  /** The hash of each entry, in order. */
  get leaves(): readonly Uint8Array[] {
    return (this.#grown.levels[0] ?? []).slice(0, this.size);
  }

  /** The log after what `write` drafts. */
  extended(write: (draft: LogDraft) => void): SimLog {
    const draft = new LogDraft(nodeCrypto, simHasher, this.state);
    write(draft);
    const grown = this.#grown.entries.length === this.size ? this.#grown : grow({ entries: [], levels: [] }, this.entries);
    grow(
      grown,
      draft.entries.map(({ bytes }) => bytes),
    );
    const kept = [...this.kept, ...draft.kept];
    return new SimLog(draft.state(), { grown, logSigner: this.#logSigner, kept, head: draft.head() });
  }

  /** The head with the log key's signature and the epoch's. */
  signedHead(): string {
    const { note } = parseCheckpoint(this.head);
    const others = note.signatures.filter(({ name }) => name !== this.#logSigner.name);
    const own = signNote(nodeCrypto, note.text, [this.#logSigner]);
    return formatNote({ text: note.text, signatures: [...own.signatures, ...others] });
  }

  /** What a seat sends from `start`: at most to the close of its epoch, under the checkpoint that covers it. */
  run(start: number, limits: RunLimits): SimRun {
    const closing = this.kept.find(({ size }) => size > start);
    const last = Math.min(start + limits.entries, closing?.size ?? this.size);
    let end = start;
    let bytes = 0;
    while (end < last && bytes + (this.#grown.entries[end]?.length ?? 0) <= limits.bytes) bytes += this.#grown.entries[end++]?.length ?? 0;
    const note = closing?.note ?? this.signedHead();
    const proof = this.proof(end, parseCheckpoint(note).checkpoint.size);
    return { start, note, proof, entries: this.#grown.entries.slice(start, end) };
  }

  proof(from: number, to: number): readonly Uint8Array[] {
    return from === to ? [] : consistencyProof(simHasher, from, to, (level, index) => this.#node(level, index));
  }

  #node(level: number, index: number): Uint8Array {
    const hash = this.#grown.levels[level]?.[index];
    if (hash === undefined) throw new WardlockError('AUDIT_PROOF_MALFORMED', `The simulated log has no subtree ${level}/${index}.`);
    return hash;
  }
}

function grow(grown: Grown, added: readonly Uint8Array[]): Grown {
  for (const entry of added) {
    grown.entries.push(entry);
    let hash = simHasher.leaf(entry);
    for (let level = 0; ; level += 1) {
      grown.levels[level] ??= [];
      const row = grown.levels[level] ?? [];
      row.push(hash);
      const left = row.at(-2);
      if (row.length % 2 === 1 || left === undefined) break;
      hash = simHasher.node(left, hash);
    }
  }
  return grown;
}
