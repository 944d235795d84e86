/**
 * The agent's half of a simulated seat: a log with its keys, and the answers that an agent gives its syncer about it. It
 * verifies receipts as an agent does; it has no screen, no store and enforces nothing.
 */
import type { Params, RequestName, Result } from '../../contract/boundary.ts';
import type { SyncBoundary } from '../../contract/sync.ts';
import { pad } from '../../core/audit/entry.ts';
import {
  CompactRange,
  formatAddCheckpoint,
  formatVerifierKey,
  fromHex,
  logKeyName,
  NOTE_ED25519,
  parseCheckpoint,
  parseVerifierKey,
  type Signer,
  toHex,
  verifyCosignature,
  WORKSTATION_BYTES,
} from '../../core/audit/index.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { workstationIdOf } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { SimLog, simHasher } from './log.ts';

const SEED_BYTES = 32;

/** Public keys of the reader and of the escrow. */
export type SimRecipients = readonly [Uint8Array, Uint8Array];

type Answer<N extends RequestName<SyncBoundary>> = Result<SyncBoundary, N>;
type Asked<N extends RequestName<SyncBoundary>> = Params<SyncBoundary, N>;

export class SimRecord {
  readonly workstationId: string;
  readonly signer: Signer;
  log: SimLog;
  receiptedSize = 0;
  readonly #recipients: SimRecipients;

  /** @param seed of the log key; without it a new one */
  constructor(recipients: SimRecipients, seed = nodeCrypto.random(SEED_BYTES)) {
    this.signer = nodeCrypto.signer(seed);
    this.workstationId = workstationIdOf(this.signer.publicKey);
    this.#recipients = recipients;
    const workstation = fromHex(this.workstationId, WORKSTATION_BYTES);
    this.log = SimLog.begin(workstation, { name: logKeyName(workstation), signer: this.signer });
  }

  get incarnation(): string {
    return toHex(this.log.incarnation);
  }

  get size(): number {
    return this.log.size;
  }

  get vkey(): string {
    return formatVerifierKey(nodeCrypto, { name: this.#name, type: NOTE_ED25519, publicKey: this.signer.publicKey });
  }

  get #name(): string {
    return logKeyName(this.log.workstation);
  }

  newEpoch(): void {
    const [reader, escrow] = this.#recipients;
    this.log = this.log.extended((draft) =>
      draft.openEpoch({
        reason: 'start',
        origin: this.log.state.epoch === undefined ? { kind: 'enrolment' } : { kind: 'later' },
        seed: nodeCrypto.random(SEED_BYTES),
        recipients: [
          { role: 'reader', publicKey: reader },
          { role: 'escrow', publicKey: escrow },
        ],
        logSigner: { name: this.#name, signer: this.signer },
        time: now(),
      }),
    );
  }

  /** @param text canonical JSON of the event at a place */
  append(count: number, text: (at: number) => string = someEvent): void {
    this.log = this.log.extended((draft) => {
      for (let added = 0; added < count; added += 1)
        draft.append(pad(Buffer.from(text(draft.size))), now(), nodeCrypto.random(FRESH_BYTES));
    });
  }

  /** The head with the log key's signature and the epoch's. */
  anchorNote(): string {
    return this.log.signedHead();
  }

  anchorBody(oldSize: number): string {
    const hashes = oldSize === 0 ? [] : this.log.proof(oldSize, this.size);
    return formatAddCheckpoint({ oldSize, hashes, checkpoint: this.anchorNote() });
  }

  checkpoint(): Answer<'checkpoint'> {
    if (this.log.head === '') return null;
    const position = { incarnation: this.incarnation, size: this.size };
    return { note: this.anchorNote(), position, receiptedSize: this.receiptedSize };
  }

  logs(): Answer<'logs'> {
    const { incarnation, size, receiptedSize } = this;
    return { logs: size === 0 ? [] : [{ incarnation, size, receiptedSize }] };
  }

  entries({ start, maxBytes, maxEntries }: Asked<'entries'>): Answer<'entries'> {
    const run = this.log.run(start, { entries: maxEntries, bytes: maxBytes });
    return { start, entries: run.entries.map(base64), checkpoint: run.note, proof: run.proof.map(base64) };
  }

  consistency({ from, to }: Asked<'consistency'>): Answer<'consistency'> {
    return { proof: this.log.proof(from, to).map(base64) };
  }

  /** @param mirrorKey the one that this seat's enrolment named */
  receipt({ note }: Asked<'receipt'>, mirrorKey: string): Answer<'receipt'> {
    const { checkpoint, note: signed } = parseCheckpoint(note);
    const accepted = verifyCosignature(signed, parseVerifierKey(nodeCrypto, mirrorKey)) !== undefined && this.#hadRoot(checkpoint);
    if (accepted) this.receiptedSize = Math.max(this.receiptedSize, checkpoint.size);
    return { accepted, receiptedSize: this.receiptedSize };
  }

  /** @param witnessKey the one that this seat's enrolment named */
  anchored({ note }: Asked<'anchored'>, witnessKey: string): Answer<'anchored'> {
    return { accepted: verifyCosignature(parseCheckpoint(note).note, parseVerifierKey(nodeCrypto, witnessKey)) !== undefined };
  }

  #hadRoot({ size, root }: { readonly size: number; readonly root: Uint8Array }): boolean {
    if (size > this.size) return false;
    if (size === this.size) return toHex(this.log.state.range.root()) === toHex(root);
    const range = CompactRange.empty(simHasher);
    for (const leaf of this.log.leaves.slice(0, size)) range.append(leaf);
    return toHex(range.root()) === toHex(root);
  }
}

function now() {
  return { boot: 1, wallMicros: Date.now() * 1000, bootMicros: Math.floor(performance.now() * 1000) };
}

function someEvent(at: number): string {
  return canonicalJson({ body: { idleSeconds: at, session: '0'.repeat(32) }, type: 'session.warned' });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
