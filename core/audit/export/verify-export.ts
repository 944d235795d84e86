/**
 * Verifies an auditor's export offline, line by line: keys from outside, proofs to the signed root, every entry in its
 * place, every event what its entry holds. Owns that order; must never call an export good whose end is missing, or one
 * in which nothing is proven.
 */
import { equalBytes, fromBase64, fromHex } from '../bytes.ts';
import { epochKeyName, logOrigin, parseCheckpoint, type SignedCheckpoint } from '../checkpoint.ts';
import { verifyCosignature } from '../cosignature.ts';
import type { AuditCrypto } from '../crypto.ts';
import { entryBody, INCARNATION_BYTES, type LogId, parseHeader, WORKSTATION_BYTES } from '../entry.ts';
import { deriveEpochKeys, type EpochKeys, epochCommitment, parseEpochBody, readEpochBody } from '../epoch.ts';
import type { Fault } from '../faults.ts';
import { type TreeHasher, treeHasher } from '../hasher.ts';
import { verifyInclusion } from '../merkle.ts';
import { NOTE_COSIGNATURE, NOTE_ED25519, type NoteVerifier, noteVerifier, verifyNote } from '../note.ts';
import { parseTlogProof } from '../proofs.ts';
import { type VerifiedStatement, verifyPruneStatement } from '../prune.ts';
import { openEntry } from '../seal.ts';
import { checkPlace, epochOf, isEpochEntry, logIdBytes } from '../verify/entry-check.ts';
import { FaultSink } from '../verify/fault-sink.ts';
import { LinkChecker } from '../verify/links.ts';
import { Coverage, type SectionSummary } from './coverage.ts';
import { type ExportLineOf, parseLine } from './lines.ts';
import { checkPublished } from './published.ts';
import { RunProof } from './run-proof.ts';

export interface ExportSummary {
  /** Entry lines that were read. */
  readonly entries: number;
  readonly decrypted: number;
  readonly undecrypted: number;
  readonly faults: number;
  /** What is covered of each log. */
  readonly sections: readonly SectionSummary[];
}

export interface ExportOptions {
  /** Log keys and cosigning keys, from outside. Each section's checkpoint must be signed by one of them; none: UNANCHORED, the caller says so. */
  readonly keys: readonly NoteVerifier[];
  /** An event that was found to be what its entry holds. */
  readonly onEvent?: (seq: number, event: string) => void;
}

/** Yields faults; returns what was seen. Needs memory for one line, and for a summary of each section. */
export function* verifyExport(crypto: AuditCrypto, lines: Iterable<string>, options: ExportOptions): Generator<Fault, ExportSummary> {
  const faults = new FaultSink();
  const verifier = new ExportVerifier(crypto, options, faults);
  for (const line of lines) {
    verifier.line(line);
    if (faults.ready) yield* faults.drain();
  }
  const summary = verifier.finish();
  yield* faults.drain(true);
  return { ...summary, faults: faults.count };
}

interface Section {
  readonly log: LogId;
  readonly id: Uint8Array;
  readonly signed: SignedCheckpoint;
  readonly coverage: Coverage;
  /** Epochs that an `epoch` line opens, with or without a secret. */
  readonly epochs: Set<number>;
  /** Signed by a key from outside, so far. */
  trusted: boolean;
  runs: number;
  /** Proven `pruned` lines: where all was pruned, that is the answer. */
  pruned: number;
}

interface Run {
  readonly line: ExportLineOf<'run'>;
  readonly proof: RunProof;
  readonly links: LinkChecker;
  next: number;
  damaged: boolean;
}

class ExportVerifier {
  readonly #crypto: AuditCrypto;
  readonly #options: ExportOptions;
  readonly #faults: FaultSink;
  readonly #hasher: TreeHasher;
  #workstation: Uint8Array | undefined;
  #section: Section | undefined;
  #run: Run | undefined;
  #keys = new Map<number, EpochKeys>();
  readonly #sections: SectionSummary[] = [];
  #entries = 0;
  #lines = 0;
  #ended = false;

  constructor(crypto: AuditCrypto, options: ExportOptions, faults: FaultSink) {
    this.#crypto = crypto;
    this.#options = options;
    this.#faults = faults;
    this.#hasher = treeHasher(crypto);
  }

  line(text: string): void {
    this.#lines += 1;
    const line = this.#ended ? undefined : parseLine(text);
    if (line?.kind === 'export' && this.#lines === 1) this.#workstation = fromHex(line.workstation, WORKSTATION_BYTES);
    else if (line?.kind === 'log' && this.#workstation !== undefined) this.#openSection(line, this.#workstation);
    else if (line?.kind === 'published' && this.#section !== undefined) this.#published(line, this.#section);
    else if (line?.kind === 'epoch' && this.#section !== undefined) this.#epoch(line, this.#section);
    else if (line?.kind === 'run' && this.#section !== undefined) this.#openRun(line, this.#section);
    else if (line?.kind === 'entry' && this.#section !== undefined && this.#run !== undefined) this.#entry(line, this.#section, this.#run);
    else if (line?.kind === 'pruned' && this.#section !== undefined) this.#pruned(line, this.#section);
    else if (line?.kind === 'end' && line.entries === this.#entries) this.#ended = true;
    else this.#malformed();
  }

  finish(): Omit<ExportSummary, 'faults'> {
    this.#closeSection();
    if (this.#sections.length === 0) this.#faults.add({ code: 'EXPORT_EMPTY', detail: 'It holds no log with a checkpoint.' });
    if (!this.#ended) this.#faults.add({ code: 'EXPORT_TRUNCATED', detail: `${this.#entries} entries were read.` });
    const sum = (count: (section: SectionSummary) => number): number => this.#sections.reduce((all, section) => all + count(section), 0);
    return {
      entries: this.#entries,
      decrypted: sum(({ decrypted }) => decrypted),
      undecrypted: sum(({ undecrypted }) => undecrypted),
      sections: this.#sections,
    };
  }

  #openSection(line: ExportLineOf<'log'>, workstation: Uint8Array): void {
    this.#closeSection();
    const log: LogId = { workstation, incarnation: fromHex(line.incarnation, INCARNATION_BYTES) };
    const signed = readCheckpoint(line.checkpoint);
    if (signed === undefined) this.#faults.add({ code: 'CHECKPOINT_MALFORMED', detail: `It is on line ${this.#lines}.` });
    else if (signed.checkpoint.origin !== logOrigin(log))
      this.#faults.add({ code: 'CHECKPOINT_FOREIGN', detail: `It names ${signed.checkpoint.origin}.` });
    else {
      const trusted = this.#options.keys.some((key) =>
        key.type === NOTE_COSIGNATURE ? verifyCosignature(signed.note, key) !== undefined : verifyNote(signed.note, key),
      );
      const coverage = new Coverage(log, signed.checkpoint.size);
      this.#section = { log, id: logIdBytes(log), signed, coverage, epochs: new Set(), trusted, runs: 0, pruned: 0 };
    }
  }

  #closeSection(): void {
    const section = this.#section;
    if (section !== undefined) this.#closeRun(section);
    this.#section = undefined;
    this.#keys = new Map();
    if (section === undefined) return;
    const { origin } = section.signed.checkpoint;
    if (!section.trusted && this.#options.keys.length > 0)
      this.#faults.add({ code: 'KEY_MISMATCH', detail: `No key given signed the checkpoint of ${origin}.` });
    if (section.runs === 0 && section.pruned === 0) this.#faults.add({ code: 'EXPORT_EMPTY', detail: `It shows no entry of ${origin}.` });
    this.#sections.push(section.coverage.summary());
  }

  #published(line: ExportLineOf<'published'>, { signed, coverage }: Section): void {
    const place = checkPublished(this.#hasher, line, signed, this.#options.keys);
    if (place === undefined)
      this.#faults.add({ code: 'PROOF_INVALID', detail: `It is the place of ${signed.checkpoint.origin} in the log of logs.` });
    else coverage.published(place);
  }

  #epoch(line: ExportLineOf<'epoch'>, section: Section): void {
    const entry = fromBase64(line.entry) ?? new Uint8Array(0);
    const misfit = checkPlace(entry, line.seq, section.id);
    if (misfit !== undefined || !isEpochEntry(entry)) {
      this.#faults.entry(misfit ?? 'EPOCH_MALFORMED', line.seq);
      return;
    }
    section.epochs.add(epochOf(entry));
    const leafHash = this.#hasher.leaf(entry);
    const { size, root } = section.signed.checkpoint;
    if (!verifyInclusion(this.#hasher, { leafHash, index: line.seq, size, root }, hashes(line.proof)))
      this.#faults.entry('PROOF_INVALID', line.seq);
    this.#certify(line, section, entry, leafHash);
    if (line.secret !== null) this.#takeSecret(line.secret, entry);
  }

  /** An epoch key that the log key certified may sign the section's checkpoint in its stead. */
  #certify(line: ExportLineOf<'epoch'>, section: Section, entry: Uint8Array, leafHash: Uint8Array): void {
    if (line.certificate === null) return;
    try {
      const { index, hashes: path, signed } = parseTlogProof(line.certificate);
      const { origin, size, root } = signed.checkpoint;
      const included =
        index === line.seq &&
        origin === section.signed.checkpoint.origin &&
        verifyInclusion(this.#hasher, { leafHash, index, size, root }, path);
      const certified = included && this.#options.keys.some((key) => verifyNote(signed.note, key));
      const { epoch } = parseHeader(entry);
      const { publicKey } = parseEpochBody(entryBody(entry));
      const key = noteVerifier(this.#crypto, { name: epochKeyName(section.log, epoch), type: NOTE_ED25519, publicKey });
      if (!included)
        this.#faults.add({ code: 'PROOF_INVALID', range: { from: line.seq, to: line.seq }, detail: 'It is the certificate of an epoch.' });
      else if (certified && verifyNote(section.signed.note, key)) section.trusted = true;
    } catch {
      this.#faults.add({ code: 'EPOCH_MALFORMED', range: { from: line.seq, to: line.seq }, detail: 'Its certificate cannot be read.' });
    }
  }

  #takeSecret(text: string, entry: Uint8Array): void {
    const secret = fromBase64(text) ?? new Uint8Array(0);
    const header = parseHeader(entry);
    const body = readEpochBody(entryBody(entry));
    if (body === undefined) this.#faults.entry('EPOCH_MALFORMED', header.seq);
    else if (equalBytes(epochCommitment(this.#crypto, secret), body.commitment)) {
      this.#keys.set(header.epoch, deriveEpochKeys(this.#crypto, secret, header));
    } else this.#faults.add({ code: 'EPOCH_SECRET_MISMATCH', epoch: header.epoch });
  }

  #openRun(line: ExportLineOf<'run'>, section: Section): void {
    this.#closeRun(section);
    section.runs += 1;
    const { size, root } = section.signed.checkpoint;
    const proof = new RunProof(this.#hasher, { ...line, size, root, first: hashes(line.first), last: hashes(line.last) });
    this.#run = { line, proof, links: new LinkChecker(), next: line.start, damaged: false };
  }

  #closeRun(section: Section): void {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    this.#name(run, run.links.interrupt());
    if (run.next < run.line.end) {
      this.#faults.add({ code: 'ENTRY_MISSING', range: { from: run.next, to: run.line.end - 1 } });
      run.damaged = true;
    }
    const holds = run.proof.holds();
    if (holds && !run.damaged) section.coverage.run(run.line.start, run.line.end);
    else if (!run.damaged)
      this.#faults.add({ code: 'PROOF_INVALID', range: { from: run.line.start, to: Math.max(run.line.start, run.line.end - 1) } });
  }

  #pruned(line: ExportLineOf<'pruned'>, section: Section): void {
    this.#closeRun(section);
    const { origin, size } = section.signed.checkpoint;
    const range = { from: line.start, to: Math.max(line.start, line.end - 1) };
    let said: VerifiedStatement | undefined;
    try {
      said = verifyPruneStatement(line.statement, this.#options.keys);
    } catch {
      this.#faults.add({ code: 'PRUNED_UNPROVEN', range, detail: 'The statement cannot be read.' });
      return;
    }
    if (said === undefined) this.#faults.add({ code: 'PRUNED_UNPROVEN', range });
    else if (said.origin !== origin || said.start !== line.start || said.end !== line.end || line.end > size) {
      this.#faults.add({ code: 'PRUNED_UNPROVEN', range, detail: 'The statement is about other entries.' });
    } else {
      section.pruned += 1;
      section.coverage.pruned(line.start, line.end);
    }
  }

  #entry(line: ExportLineOf<'entry'>, section: Section, run: Run): void {
    this.#entries += 1;
    const entry = fromBase64(line.entry) ?? new Uint8Array(0);
    if (line.seq !== run.next) {
      const gap = line.seq > run.next && line.seq < run.line.end;
      if (gap) this.#faults.add({ code: 'ENTRY_MISSING', range: { from: run.next, to: line.seq - 1 } });
      else this.#faults.entry(line.seq < run.next ? 'ENTRY_DUPLICATE' : 'ENTRY_REORDERED', line.seq);
      this.#name(run, run.links.interrupt());
      run.damaged = true;
      if (!gap) return;
    }
    run.next = line.seq + 1;
    const misfit = checkPlace(entry, line.seq, section.id);
    if (misfit !== undefined) {
      this.#name(run, run.links.interrupt());
      this.#faults.entry(misfit, line.seq);
      run.damaged = true;
      return;
    }
    const leaf = this.#hasher.leaf(entry);
    this.#name(run, run.links.step(line.seq, entry, leaf));
    run.proof.leaf(leaf);
    section.coverage.entry(entry);
    this.#checkEvent(line, section, entry);
  }

  #checkEvent(line: ExportLineOf<'entry'>, section: Section, entry: Uint8Array): void {
    if (isEpochEntry(entry)) {
      if (line.event !== null) this.#faults.entry('EVENT_MISMATCH', line.seq);
      return;
    }
    const epoch = epochOf(entry);
    if (!section.epochs.has(epoch)) {
      this.#faults.add({ code: 'EPOCH_MISSING', range: { from: line.seq, to: line.seq }, epoch });
      return;
    }
    const keys = this.#keys.get(epoch);
    const json = keys === undefined ? undefined : openEntry(keys, entry);
    if (line.event === null) {
      // Sealed, and counted so. An event that its own secret opens was not sealed but left out.
      if (json !== undefined) this.#faults.entry('EVENT_MISMATCH', line.seq, 'It is left out, though its epoch is open.');
    } else if (json === undefined) this.#faults.entry('ENTRY_UNDECRYPTABLE', line.seq);
    else if (json !== line.event) this.#faults.entry('EVENT_MISMATCH', line.seq);
    else {
      section.coverage.decrypted();
      this.#options.onEvent?.(line.seq, json);
    }
  }

  #name(run: Run, altered: number | undefined): void {
    if (altered === undefined) return;
    run.damaged = true;
    this.#faults.entry('ENTRY_ALTERED', altered);
  }

  #malformed(): void {
    this.#faults.add({ code: 'EXPORT_MALFORMED', detail: `It is line ${this.#lines}.` });
  }
}

function readCheckpoint(note: string): SignedCheckpoint | undefined {
  try {
    return parseCheckpoint(note);
  } catch {
    return undefined;
  }
}

function hashes(texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => fromBase64(text) ?? new Uint8Array(0));
}
