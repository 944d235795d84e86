/**
 * A simulated seat: its own keys, its own TLS connection and real wire bytes, but no screen and no store. For load and for
 * tests of the server; it never runs on a real workstation.
 */
import { hash } from 'node:crypto';
import { Value } from 'typebox/value';
import { findAuthority } from '../../agent/syncer/authority.ts';
import { newKeyRequest } from '../../agent/syncer/identity.ts';
import {
  type ClientIdentity,
  jsonBody,
  openSeatClient,
  readAnswer,
  type SeatAnswer,
  type SeatClient,
} from '../../agent/syncer/seat-client.ts';
import { encodeEntries } from '../../agent/syncer/wire.ts';
import { CLAIM_TYPE, Enrolment, EnrolReply, seatPaths } from '../../contract/seat-api.ts';
import { NO_LINK } from '../../core/audit/draft.ts';
import { pad } from '../../core/audit/entry.ts';
import {
  type ChainState,
  CompactRange,
  consistencyProof,
  formatAddCheckpoint,
  formatNote,
  formatVerifierKey,
  fromHex,
  INCARNATION_BYTES,
  type KeptCheckpoint,
  LogDraft,
  logKeyName,
  NOTE_ED25519,
  parseCheckpoint,
  type Signer,
  signNote,
  toHex,
  treeHasher,
  WORKSTATION_BYTES,
} from '../../core/audit/index.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { tokenId, workstationIdOf } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';

const hasher = treeHasher(nodeCrypto);
const SEED_BYTES = 32;

export interface SimBatch {
  readonly start: number;
  readonly note: string;
  readonly proof: readonly Uint8Array[];
  readonly entries: readonly Uint8Array[];
}

/** Everything that a seat's log is; copied, it is a cloned disk. */
export interface SimLog {
  readonly workstation: Uint8Array;
  readonly incarnation: Uint8Array;
  readonly entries: readonly Uint8Array[];
  readonly kept: readonly KeptCheckpoint[];
  readonly head: string;
  readonly state: ChainState;
}

interface EnrolledSim {
  readonly enrolment: Enrolment;
  readonly client: SeatClient;
  readonly identity: ClientIdentity;
}

export class SimSeat {
  readonly workstationId: string;
  readonly enrolment: Enrolment;
  readonly client: SeatClient;
  readonly identity: ClientIdentity;
  log: SimLog;
  readonly #signer: Signer;
  readonly #recipients: readonly [Uint8Array, Uint8Array];

  constructor(signer: Signer, enrolled: EnrolledSim, recipients: readonly [Uint8Array, Uint8Array]) {
    this.#signer = signer;
    this.#recipients = recipients;
    this.workstationId = enrolled.enrolment.workstationId;
    this.enrolment = enrolled.enrolment;
    this.client = enrolled.client;
    this.identity = enrolled.identity;
    const workstation = fromHex(this.workstationId, WORKSTATION_BYTES);
    const incarnation = nodeCrypto.random(INCARNATION_BYTES);
    const state = { log: { workstation, incarnation }, range: CompactRange.empty(hasher), link: NO_LINK, epoch: undefined };
    this.log = { workstation, incarnation, entries: [], kept: [], head: '', state };
    this.newEpoch();
  }

  get incarnation(): string {
    return toHex(this.log.incarnation);
  }

  get size(): number {
    return this.log.entries.length;
  }

  newEpoch(): void {
    const [reader, escrow] = this.#recipients;
    this.#draft((draft) =>
      draft.openEpoch({
        reason: 'start',
        origin: this.log.state.epoch === undefined ? { kind: 'enrolment' } : { kind: 'later' },
        seed: nodeCrypto.random(SEED_BYTES),
        recipients: [
          { role: 'reader', publicKey: reader },
          { role: 'escrow', publicKey: escrow },
        ],
        logSigner: { name: logKeyName(this.log.workstation), signer: this.#signer },
        time: this.#time(),
      }),
    );
  }

  append(count: number, text: (at: number) => string = defaultEvent): void {
    this.#draft((draft) => {
      for (let at = 0; at < count; at += 1)
        draft.append(pad(Buffer.from(text(this.size + at))), this.#time(), nodeCrypto.random(FRESH_BYTES));
    });
  }

  /** The batch from `start`, at most to the close of its epoch. */
  batch(start: number, most: number): SimBatch {
    const kept = this.log.kept.find(({ size }) => size > start);
    const end = Math.min(start + most, kept?.size ?? this.size);
    const note = kept?.note ?? this.log.head;
    return { start, note, proof: this.proof(end, parseCheckpoint(note).checkpoint.size), entries: this.log.entries.slice(start, end) };
  }

  put({ start, ...upload }: SimBatch, signal?: AbortSignal): Promise<SeatAnswer> {
    return this.client.call({
      method: 'PUT',
      path: `${seatPaths.entries}/${this.incarnation}/${start}`,
      headers: { 'content-type': 'application/octet-stream' },
      body: encodeEntries(upload),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  anchor(oldSize: number): Promise<SeatAnswer> {
    return this.client.call({
      method: 'POST',
      path: seatPaths.addCheckpoint,
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from(this.anchorBody(oldSize)),
    });
  }

  anchorBody(oldSize: number): string {
    const { note } = parseCheckpoint(this.log.head);
    const own = signNote(nodeCrypto, note.text, [{ name: logKeyName(this.log.workstation), signer: this.#signer }]);
    const others = note.signatures.filter(({ name }) => name !== logKeyName(this.log.workstation));
    const checkpoint = formatNote({ text: note.text, signatures: [...own.signatures, ...others] });
    return formatAddCheckpoint({ oldSize, hashes: oldSize === 0 ? [] : this.proof(oldSize, this.size), checkpoint });
  }

  proof(from: number, to: number): readonly Uint8Array[] {
    const node = (level: number, index: number): Uint8Array =>
      level === 0
        ? hasher.leaf(this.log.entries[index] ?? new Uint8Array())
        : hasher.node(node(level - 1, index * 2), node(level - 1, index * 2 + 1));
    return from === to ? [] : consistencyProof(hasher, from, to, node);
  }

  #draft(write: (draft: LogDraft) => void): void {
    const draft = new LogDraft(nodeCrypto, hasher, this.log.state);
    write(draft);
    this.log = {
      ...this.log,
      entries: [...this.log.entries, ...draft.entries.map(({ bytes }) => bytes)],
      kept: [...this.log.kept, ...draft.kept],
      head: draft.head(),
      state: draft.state(),
    };
  }

  #time() {
    return { boot: 1, wallMicros: Date.now() * 1000, bootMicros: Math.floor(performance.now() * 1000) };
  }
}

function defaultEvent(at: number): string {
  return canonicalJson({ body: { idleSeconds: at, session: '0'.repeat(32) }, type: 'session.warned' });
}

/** Enrols a new simulated seat with a real token over a real connection. */
export async function enrolSimSeat(server: string, token: string, recipients: readonly [Uint8Array, Uint8Array]): Promise<SimSeat> {
  const parsed = parseToken(token);
  const ca = await findAuthority(new URL(server), parsed);
  const signer = nodeCrypto.signer(nodeCrypto.random(SEED_BYTES));
  const key = await newKeyRequest();
  const workstationId = workstationIdOf(signer.publicKey);
  const claim = Buffer.from(
    canonicalJson({
      schema: 'wardlock-enrolment-claim/1',
      tokenId: tokenId(parsed.secret),
      tlsKeySha256: key.spkiSha256,
      logKey: formatVerifierKey(nodeCrypto, {
        name: logKeyName(fromHex(workstationId, WORKSTATION_BYTES)),
        type: NOTE_ED25519,
        publicKey: signer.publicKey,
      }),
      sealingKey: Buffer.from(nodeCrypto.hpkePublicKey(nodeCrypto.random(SEED_BYTES))).toString('base64'),
      machineIdSha256: hash('sha256', workstationId),
      os: { platform: 'sim', release: '1', arch: 'sim' },
    }),
  );
  const signature = Buffer.from(signer.sign(preAuthenticationEncoding(CLAIM_TYPE, claim))).toString('base64');
  const body = { secret: parsed.secret, claim: claim.toString('base64'), signature, csr: key.csr.toString('base64') };
  const stranger = openSeatClient(server, ca, null);
  try {
    const reply = readAnswer(await stranger.call({ method: 'POST', path: seatPaths.enrol, ...jsonBody(body) }), EnrolReply);
    const enrolment: unknown = JSON.parse(Buffer.from(reply.envelope.payload, 'base64').toString('utf8'));
    if (!Value.Check(Enrolment, enrolment)) throw new WardlockError('ENROL_REPLY_INVALID');
    const identity = { key: key.keyPem, certificate: enrolment.clientCertificate };
    return new SimSeat(signer, { enrolment, identity, client: openSeatClient(server, ca, identity) }, recipients);
  } finally {
    stranger.close();
  }
}
