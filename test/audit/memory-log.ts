/**
 * A whole log in memory, made by the product's own writer, and ways to damage it. Owns test data only; the product never
 * imports it.
 */

import { logKeyName } from '../../core/audit/checkpoint.ts';
import { CompactRange } from '../../core/audit/compact.ts';
import type { AuditCrypto, Signer } from '../../core/audit/crypto.ts';
import { type ChainState, type KeptCheckpoint, LogDraft, NO_LINK } from '../../core/audit/draft.ts';
import { type LogId, pad } from '../../core/audit/entry.ts';
import type { Recipient } from '../../core/audit/epoch.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { NOTE_ED25519, type NoteVerifier, noteVerifier } from '../../core/audit/note.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import type { LogSource } from '../../core/audit/verify/source.ts';
import { nodeCrypto } from '../../crypto/index.ts';

export interface MemoryLog {
  readonly log: LogId;
  readonly entries: Map<number, Uint8Array>;
  readonly kept: KeptCheckpoint[];
  readonly nodes: Map<string, Uint8Array>;
  readonly logKey: NoteVerifier;
  readonly readerKey: Uint8Array;
  readonly escrowKey: Uint8Array;
  readonly logSigner: Signer;
  readonly signers: Signer[];
  head: string;
  state: ChainState;
}

export interface MemoryLogOptions {
  /** Events in each epoch. */
  readonly epochs: readonly number[];
  readonly crypto?: AuditCrypto;
  readonly text?: (at: number) => string;
}

export function memoryLog(options: MemoryLogOptions): MemoryLog {
  const crypto = options.crypto ?? nodeCrypto;
  const hasher = treeHasher(crypto);
  const log: LogId = { workstation: crypto.random(16), incarnation: crypto.random(8) };
  const logSigner = crypto.signer(crypto.random(32));
  const readerKey = crypto.random(32);
  const escrowKey = crypto.random(32);
  const recipients: Recipient[] = [
    { role: 'reader', publicKey: crypto.hpkePublicKey(readerKey) },
    { role: 'escrow', publicKey: crypto.hpkePublicKey(escrowKey) },
  ];
  const name = logKeyName(log.workstation);
  const memory: MemoryLog = {
    log,
    entries: new Map(),
    kept: [],
    nodes: new Map(),
    logKey: noteVerifier(crypto, { name, type: NOTE_ED25519, publicKey: logSigner.publicKey }),
    readerKey,
    escrowKey,
    logSigner,
    signers: [],
    head: '',
    state: { log, range: CompactRange.empty(hasher), link: NO_LINK, epoch: undefined },
  };
  let at = 0;
  options.epochs.forEach((events, epoch) => {
    const draft = new LogDraft(crypto, hasher, memory.state);
    const seed = crypto.random(32);
    memory.signers.push(crypto.signer(seed));
    const time = { boot: 1, wallMicros: 1_700_000_000_000_000 + at, bootMicros: at };
    const origin = epoch === 0 ? ({ kind: 'enrolment' } as const) : ({ kind: 'later' } as const);
    draft.openEpoch({ reason: 'start', origin, seed, recipients, logSigner: { name, signer: logSigner }, time });
    for (let i = 0; i < events; i += 1) {
      const text = options.text?.(at) ?? JSON.stringify({ body: { at }, type: 'test' });
      draft.append(pad(new TextEncoder().encode(text)), { ...time, wallMicros: time.wallMicros + i }, crypto.random(FRESH_BYTES));
      at += 1;
    }
    for (const entry of draft.entries) memory.entries.set(entry.seq, entry.bytes);
    for (const node of draft.nodes) memory.nodes.set(`${node.level}/${node.index}`, node.hash);
    memory.kept.push(...draft.kept);
    memory.head = draft.head();
    memory.state = draft.state();
  });
  return memory;
}

/** The log as a verifier reads it: entries in the order of their places. */
export function sourceOf(memory: MemoryLog, change: Partial<LogSource> = {}): LogSource {
  return {
    log: memory.log,
    start: { size: 0, hashes: [] },
    entries: () => [...memory.entries].sort(([a], [b]) => a - b).map(([seq, bytes]) => ({ seq, bytes })),
    checkpoints: () => memory.kept.map((kept) => kept.note),
    head: memory.head,
    lastLink: memory.state.link,
    receipts: [],
    node: (level, index) => memory.nodes.get(`${level}/${index}`),
    ...change,
  };
}

/** The bytes with one bit of one byte flipped. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = Number(copy[at]) ^ (1 << bit);
  return copy;
}
