/**
 * Verifies a log as a stream: entries in, named faults out. Owns the order of the checks; must never answer "good" for
 * anything that no signature from the right key covers, and never stop at the first fault.
 */
import { HASH_BYTES } from '../bytes.ts';
import { logOrigin } from '../checkpoint.ts';
import { CompactRange } from '../compact.ts';
import type { AuditCrypto } from '../crypto.ts';
import { parseHeader } from '../entry.ts';
import type { Fault, FaultCode } from '../faults.ts';
import { type TreeHasher, treeHasher } from '../hasher.ts';
import { Decryptor } from './decryptor.ts';
import { checkPlace, epochOf, isEpochEntry, logIdBytes, seqOf, wallMicrosOf } from './entry-check.ts';
import { EpochChain } from './epoch-chain.ts';
import { FaultSink } from './fault-sink.ts';
import { LinkChecker } from './links.ts';
import { type Mark, Marks } from './marks.ts';
import { RecoveringTree } from './recovering-tree.ts';
import { RootFaults, WITNESS_SAID } from './root-faults.ts';
import type { EntryPage, LogSource, ReadSummary, VerifyOptions } from './source.ts';
import { TrustCheck } from './trust-check.ts';

/** Yields faults as soon as they are certain; returns what was seen. Memory does not grow with the log. */
export function* verifyLog(crypto: AuditCrypto, source: LogSource, options: VerifyOptions = {}): Generator<Fault, ReadSummary> {
  const faults = new FaultSink();
  const verifier = new LogVerifier(crypto, source, options, faults);
  for (const page of source.pages?.() ?? oneByOne(source)) {
    for (let at = 0; at < page.length; at += 1) {
      verifier.entry(page.seq(at), page.bytes(at));
      if (faults.ready) yield* faults.drain();
    }
  }
  const summary = verifier.finish();
  yield* faults.drain(true);
  return { ...summary, faults: faults.count };
}

function* oneByOne(source: LogSource): Generator<EntryPage> {
  for (const { seq, bytes } of source.entries()) yield { length: 1, seq: () => seq, bytes: () => bytes };
}

/** How many misplaced entries are remembered to tell a swap from a copy. */
const MAX_STRAYS = 4096;

class LogVerifier {
  readonly #faults: FaultSink;
  readonly #source: LogSource;
  readonly #options: VerifyOptions;
  readonly #hasher: TreeHasher;
  readonly #id: Uint8Array;
  readonly #tree: RecoveringTree;
  readonly #links = new LinkChecker();
  readonly #epochs: EpochChain;
  readonly #marks: Marks;
  readonly #decryptor: Decryptor;
  readonly #roots: RootFaults;
  readonly #trust: TrustCheck;
  readonly #strays = new Set<number>();
  #entries = 0;
  #headSize: number | undefined;
  #firstWall: number | undefined;
  /** The wall time of the last entry in its place. */
  #lastWall: number | undefined;
  /** The leaf hash of the present entry: one piece of memory for all. */
  readonly #leaf = new Uint8Array(HASH_BYTES);

  constructor(crypto: AuditCrypto, source: LogSource, options: VerifyOptions, faults: FaultSink) {
    this.#source = source;
    this.#options = options;
    this.#faults = faults;
    this.#hasher = treeHasher(crypto);
    this.#id = logIdBytes(source.log);
    const start = CompactRange.frontier(this.#hasher, source.start.size, source.start.hashes);
    this.#tree = new RecoveringTree(this.#hasher, start, source.node?.bind(source));
    this.#epochs = new EpochChain(crypto, source.log, source.start, faults);
    this.#decryptor = new Decryptor(crypto, options, faults);
    this.#roots = new RootFaults(faults, source.start.size);
    this.#trust = new TrustCheck(options, faults);
    const origin = logOrigin(source.log);
    this.#marks = new Marks(source, origin, faults, this.#trust.witness(source.witnessed, origin));
    this.#meetMarks();
  }

  /** `bytes` is the caller's memory: nothing of it is kept. */
  entry(seq: number, bytes: Uint8Array): void {
    const expected = this.#tree.end;
    if (seq < expected) {
      this.#faults.entry('ENTRY_DUPLICATE', seq);
      return;
    }
    if (seq > expected) this.#gap(expected, seq);
    this.#entries += 1;
    const misfit = checkPlace(bytes, seq, this.#id);
    if (misfit === undefined) this.#take(seq, bytes);
    else this.#refuse(seq, bytes, misfit);
    if (this.#tree.end >= this.#marks.nextSize) this.#meetMarks();
    this.#epochs.reportOwed(this.#tree.end);
    this.#roots.settle(this.#tree.end);
  }

  finish(): Omit<ReadSummary, 'faults'> {
    const size = this.#tree.end;
    // Of a log that ends elsewhere the writer's note says nothing: it is of another entry.
    this.#name(this.#links.finish(size, this.#headSize === size ? this.#source.lastLink : undefined));
    this.#roots.settle(Infinity);
    this.#meetMissing(size);
    this.#roots.finish(this.#sealedSize(size));
    if (this.#source.head === undefined) this.#faults.add({ code: 'HEAD_MISSING' });
    else if (this.#headSize !== undefined && this.#headSize < size) {
      this.#faults.add({ code: 'UNSIGNED_TAIL', range: { from: this.#headSize, to: size - 1 } });
    }
    this.#epochs.finish();
    this.#trust.finish(this.#source);
    return {
      from: this.#source.start.size,
      size,
      entries: this.#entries,
      epochs: this.#epochs.count,
      verified: this.#roots.verified,
      receipted: this.#trust.receipted,
      witnessed: this.#trust.witnessed,
      firstWallMicros: this.#firstWall,
      lastWallMicros: this.#lastWall,
      hashes: this.#tree.hashes,
      opened: this.#decryptor.opened,
    };
  }

  /** Up to where a proven root should reach: what lies beyond has a fault of its own, and under a wrong key nothing is proven. */
  #sealedSize(size: number): number | undefined {
    if (this.#trust.isMismatched) return this.#roots.verified;
    return this.#source.head === undefined ? undefined : Math.min(size, this.#headSize ?? size);
  }

  #take(seq: number, bytes: Uint8Array): void {
    const leaf = this.#leaf;
    this.#hasher.leafInto(bytes, leaf, 0);
    this.#name(this.#links.step(seq, bytes, leaf));
    this.#tree.leaf(leaf);
    this.#lastWall = wallMicrosOf(bytes);
    this.#firstWall ??= this.#lastWall;
    if (isEpochEntry(bytes)) {
      this.#epochs.open(seq, bytes, parseHeader(bytes));
      this.#decryptor.epoch(seq, bytes);
    } else {
      this.#epochs.data(seq, epochOf(bytes));
      this.#decryptor.data(seq, bytes);
    }
  }

  #refuse(seq: number, bytes: Uint8Array, misfit: FaultCode): void {
    this.#interrupt(1);
    this.#roots.named(seq);
    if (misfit !== 'ENTRY_REORDERED') {
      this.#faults.entry(misfit, seq);
      return;
    }
    const found = seqOf(bytes);
    const isCopy = found < seq && !this.#strays.has(found);
    if (this.#strays.size < MAX_STRAYS) this.#strays.add(seq);
    this.#faults.entry(isCopy ? 'ENTRY_DUPLICATE' : 'ENTRY_REORDERED', seq, `Its header says ${found}.`);
  }

  #gap(from: number, to: number): void {
    this.#faults.add({ code: 'ENTRY_MISSING', range: { from, to: to - 1 } });
    this.#roots.namedRange(from, to - 1);
    this.#interrupt(to - from);
    if (this.#tree.end >= this.#marks.nextSize) this.#meetMarks();
  }

  #interrupt(count: number): void {
    this.#name(this.#links.interrupt());
    this.#tree.hole(count);
  }

  #name(altered: number | undefined): void {
    if (altered === undefined) return;
    this.#roots.named(altered);
    this.#faults.entry('ENTRY_ALTERED', altered);
  }

  #meetMarks(): void {
    const size = this.#tree.end;
    for (let mark = this.#marks.take(size); mark !== undefined; mark = this.#marks.take(size)) this.#meet(mark, size);
  }

  #meet(mark: Mark, size: number): void {
    const stated = mark.checkpoint.size;
    if (mark.kind === 'head') this.#headSize = stated;
    const { proven, outside } = this.#proofOf(mark);
    if (stated < this.#source.start.size) {
      this.#meetBehind(mark);
      return;
    }
    const found = stated === size ? this.#tree.check(mark.checkpoint.root, proven) : 'unknown';
    if (found === 'differs' || found === 'unknown') this.#roots.misfit(mark, found === 'unknown');
    else if (!proven) this.#roots.unproven(stated);
    else {
      const stretches = this.#tree.takeStretches();
      this.#epochs.fitted(stated, stretches, outside);
      this.#roots.matched(stated, stretches);
      this.#trust.fitted(mark);
      this.#options.onVerified?.(stated);
    }
  }

  /** Whether a root may be believed where it fits: a certified key signed it, or one from outside. */
  #proofOf(mark: Mark): { readonly proven: boolean; readonly outside: boolean } {
    const { kind, note, checkpoint } = mark;
    if (kind === 'witness') return { proven: true, outside: true };
    if (kind === 'receipt') {
      const valid = this.#trust.receipt(mark);
      return { proven: valid, outside: valid };
    }
    const known = checkpoint.size > Math.max(this.#epochs.startedAt, this.#source.start.size);
    const signature = known ? this.#epochs.checkSignature(note, checkpoint.size, kind === 'kept') : 'good';
    const byLogKey = kind === 'kept' ? this.#trust.kept(mark) : undefined;
    return { proven: signature !== 'bad' && (byLogKey ?? signature === 'good'), outside: byLogKey === true };
  }

  /** Of what was pruned nothing can be compared; an anchor that is that old says nothing. */
  #meetBehind({ kind, checkpoint: { size } }: Mark): void {
    if (kind !== 'anchor' || this.#source.pruned === undefined) return;
    this.#faults.add({ code: 'ANCHOR_MISSING', detail: `It names ${size} entries, all of them pruned, so it says nothing of the others.` });
  }

  /** Signed sizes beyond the last entry: what was cut off. */
  #meetMissing(size: number): void {
    let end = size;
    for (let mark = this.#marks.take(Infinity); mark !== undefined; mark = this.#marks.take(Infinity)) {
      const range = { from: size, to: mark.checkpoint.size - 1 };
      if (mark.kind === 'receipt') {
        this.#trust.receipt(mark);
        this.#faults.add({ code: 'RECEIPT_AHEAD', range });
      } else if (mark.kind === 'witness') this.#faults.add({ code: 'RECEIPT_AHEAD', range, detail: WITNESS_SAID });
      else if (mark.kind === 'anchor') this.#faults.add({ code: 'ANCHOR_AHEAD', range });
      else end = Math.max(end, mark.checkpoint.size);
      if (mark.kind === 'head') this.#headSize = mark.checkpoint.size;
    }
    if (end > size) this.#faults.add({ code: 'ENTRIES_TRUNCATED', range: { from: size, to: end - 1 } });
  }
}
