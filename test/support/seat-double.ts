/**
 * An agent as far as its syncer sees it: a real sync socket, real keys, real entries from the product's own writer, and
 * the agent's own check of the enrolment's answer. It enforces nothing; it is for tests of syncer and server.
 */
import { hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { verifyEnrolmentReply } from '../../agent/enrolment/verify-reply.ts';
import { peerCredentials } from '../../agent/ipc/peercred.ts';
import { type Syncer, startSyncer } from '../../agent/syncer/compose.ts';
import { Directory } from '../../contract/directory.ts';
import { CLAIM_TYPE, DIRECTORY_INFO, type Enrolment, Envelope, SealedDirectory } from '../../contract/seat-api.ts';
import { syncBoundary } from '../../contract/sync.ts';
import { NO_LINK } from '../../core/audit/draft.ts';
import { pad } from '../../core/audit/entry.ts';
import {
  type ChainState,
  CompactRange,
  consistencyProof,
  formatVerifierKey,
  fromHex,
  INCARNATION_BYTES,
  type KeptCheckpoint,
  LogDraft,
  logKeyName,
  NOTE_ED25519,
  parseCheckpoint,
  parseVerifierKey,
  toHex,
  treeHasher,
  verifyCosignature,
  WORKSTATION_BYTES,
} from '../../core/audit/index.ts';
import { formatNote, signNote } from '../../core/audit/note.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { workstationIdOf } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { type BoundaryServer, listen } from '../../ipc/server.ts';

const hasher = treeHasher(nodeCrypto);

export interface SeatKeys {
  readonly readerPublicKey: Uint8Array;
  readonly escrowPublicKey: Uint8Array;
}

/** What the double remembers for its test. */
export interface SeatDouble {
  readonly workstationId: string;
  readonly incarnation: string;
  readonly enrolment: Enrolment | null;
  readonly directory: Directory | null;
  readonly policies: number[];
  readonly steps: string[];
  readonly incidents: string[];
  readonly connections: string[];
  readonly receiptedSize: number;
  readonly size: number;
  /** Body that the next `policy` answers with, in the place of applied. */
  refusePolicies: string | null;
  entry(seq: number): Uint8Array;
  append(events: readonly { readonly type: string; readonly body: Readonly<Record<string, unknown>> }[]): void;
  newEpoch(): void;
  enrol(server: string, token: string): void;
  restartSyncer(): void;
  close(): Promise<void>;
}

export async function startSeat(folder: string, keys: SeatKeys): Promise<SeatDouble> {
  const logSigner = nodeCrypto.signer(nodeCrypto.random(32));
  const sealingKey = nodeCrypto.random(32);
  const workstationId = workstationIdOf(logSigner.publicKey);
  const log = { workstation: fromHex(workstationId, WORKSTATION_BYTES), incarnation: nodeCrypto.random(INCARNATION_BYTES) };
  const name = logKeyName(log.workstation);
  const recipients = [
    { role: 'reader', publicKey: keys.readerPublicKey },
    { role: 'escrow', publicKey: keys.escrowPublicKey },
  ] as const;
  const entries: Uint8Array[] = [];
  const kept: KeptCheckpoint[] = [];
  let state: ChainState = { log, range: CompactRange.empty(hasher), link: NO_LINK, epoch: undefined };
  let head = '';
  let claimed = '';
  let typed = '';
  let server: BoundaryServer<typeof syncBoundary>;
  let boot = 0;
  const memory = {
    enrolment: null as Enrolment | null,
    directory: null as Directory | null,
    policies: [] as number[],
    steps: [] as string[],
    incidents: [] as string[],
    connections: [] as string[],
    receiptedSize: 0,
    refusePolicies: null as string | null,
  };
  const keep = (draft: LogDraft): void => {
    entries.push(...draft.entries.map(({ bytes }) => bytes));
    kept.push(...draft.kept);
    head = draft.head();
    state = draft.state();
  };
  const time = () => ({ boot: 1, wallMicros: Date.now() * 1000, bootMicros: boot++ });
  const newEpoch = (): void => {
    const draft = new LogDraft(nodeCrypto, hasher, state);
    const origin = state.epoch === undefined ? ({ kind: 'enrolment' } as const) : ({ kind: 'later' } as const);
    draft.openEpoch({
      reason: 'start',
      origin,
      seed: nodeCrypto.random(32),
      recipients,
      logSigner: { name, signer: logSigner },
      time: time(),
    });
    keep(draft);
  };
  const node = (level: number, index: number): Uint8Array =>
    level === 0 ? hasher.leaf(entries[index] ?? new Uint8Array()) : hasher.node(node(level - 1, index * 2), node(level - 1, index * 2 + 1));
  const proofBetween = (from: number, to: number): string[] =>
    from === to ? [] : consistencyProof(hasher, from, to, node).map((part) => Buffer.from(part).toString('base64'));
  const bothSignatures = (note: string): string => {
    const { note: parsed } = parseCheckpoint(note);
    const own = signNote(nodeCrypto, parsed.text, [{ name, signer: logSigner }]);
    return parsed.signatures.some((line) => line.name === name)
      ? note
      : formatNote({ text: parsed.text, signatures: [...own.signatures, ...parsed.signatures] });
  };

  const run = join(folder, 'run');
  mkdirSync(run, { recursive: true, mode: 0o700 });
  server = await listen({
    boundary: syncBoundary,
    path: join(run, 'sync.sock'),
    limit: 2,
    admit: (socket) => ({ admitted: true, peer: peerCredentials(socket) }),
    onRefused: () => undefined,
    onFault: (_method, fault) => memory.incidents.push(String(fault)),
    handlers: {
      hello: () => ({
        workstationId: memory.enrolment?.workstationId ?? null,
        policyVersion: memory.policies.at(-1) ?? 0,
        directoryVersion: memory.directory?.version ?? 0,
      }),
      enrolmentClaim: ({ tlsKeySha256, tokenId }) => {
        claimed = canonicalJson({
          schema: 'wardlock-enrolment-claim/1',
          tokenId,
          tlsKeySha256,
          logKey: formatVerifierKey(nodeCrypto, { name, type: NOTE_ED25519, publicKey: logSigner.publicKey }),
          sealingKey: Buffer.from(nodeCrypto.hpkePublicKey(sealingKey)).toString('base64'),
          machineIdSha256: hash('sha256', workstationId),
          os: { platform: 'linux', release: 'test', arch: 'x64' },
        });
        const bytes = Buffer.from(claimed);
        const signature = Buffer.from(logSigner.sign(preAuthenticationEncoding(CLAIM_TYPE, bytes))).toString('base64');
        return { claim: bytes.toString('base64'), signature };
      },
      enrolled: ({ reply }) => {
        const bytes = Buffer.from(reply, 'base64');
        memory.enrolment = verifyEnrolmentReply({ reply: bytes, token: typed, claimSha256: hash('sha256', claimed), workstationId });
        if (state.epoch === undefined) newEpoch();
        return { workstationId };
      },
      enrolmentStep: ({ step, error }) => {
        memory.steps.push(error === undefined ? step : `${step} ${error.code}`);
        return {};
      },
      checkpoint: () =>
        head === ''
          ? null
          : {
              note: bothSignatures(head),
              position: { incarnation: toHex(log.incarnation), size: entries.length },
              receiptedSize: memory.receiptedSize,
            },
      logs: () => ({
        logs: head === '' ? [] : [{ incarnation: toHex(log.incarnation), size: entries.length, receiptedSize: memory.receiptedSize }],
      }),
      entries: ({ start, maxBytes, maxEntries }) => {
        const close = start === 0 ? 1 : (kept.find((checkpoint) => checkpoint.size > start)?.size ?? entries.length);
        let end = start;
        let bytes = 0;
        while (end < close && end - start < maxEntries && bytes + (entries[end]?.length ?? 0) <= maxBytes)
          bytes += entries[end++]?.length ?? 0;
        const note = start === 0 ? kept[0]?.note : kept.find((checkpoint) => checkpoint.size >= end && checkpoint.size > start)?.note;
        const checkpoint = note ?? head;
        const { size } = parseCheckpoint(checkpoint).checkpoint;
        return {
          start,
          entries: entries.slice(start, end).map((entry) => Buffer.from(entry).toString('base64')),
          checkpoint,
          proof: proofBetween(end, size),
        };
      },
      consistency: ({ from, to }) => ({ proof: proofBetween(from, to) }),
      receipt: ({ note }) => {
        const { checkpoint, note: signed } = parseCheckpoint(note);
        const key = parseVerifierKey(nodeCrypto, memory.enrolment?.mirrorKey ?? '');
        const range = CompactRange.empty(hasher);
        for (const entry of entries.slice(0, checkpoint.size)) range.append(hasher.leaf(entry));
        const accepted = verifyCosignature(signed, key) !== undefined && toHex(range.root()) === toHex(checkpoint.root);
        if (accepted) memory.receiptedSize = Math.max(memory.receiptedSize, checkpoint.size);
        return { accepted, receiptedSize: memory.receiptedSize };
      },
      policy: ({ envelope }) => {
        const { payload }: Envelope = JSON.parse(Buffer.from(envelope, 'base64').toString('utf8'));
        const { version }: { version: number } = JSON.parse(Buffer.from(payload, 'base64').toString('utf8'));
        if (memory.refusePolicies !== null) return { outcome: 'refused', code: memory.refusePolicies, message: 'refused by the test' };
        memory.policies.push(version);
        return { outcome: 'applied', version };
      },
      directory: ({ sealed }) => {
        memory.directory = openDirectory(sealed);
        return { outcome: 'applied', version: memory.directory.version };
      },
      connection: ({ state: now }) => {
        memory.connections.push(now);
        return {};
      },
      incident: ({ code }) => {
        memory.incidents.push(code);
        return {};
      },
    },
  });

  const openDirectory = (sealed: string): Directory => {
    const box: unknown = JSON.parse(Buffer.from(sealed, 'base64').toString('utf8'));
    if (!Value.Check(SealedDirectory, box) || memory.enrolment === null) throw new Error('not a sealed directory');
    const info = Buffer.from(`${DIRECTORY_INFO}\n${memory.enrolment.tenant}\n${workstationId}\n`);
    const parts = { enc: Buffer.from(box.enc, 'base64'), ciphertext: Buffer.from(box.ciphertext, 'base64') };
    const opened = nodeCrypto.hpkeOpen(sealingKey, parts, { info, aad: new Uint8Array() });
    const envelope: unknown = JSON.parse(Buffer.from(opened ?? []).toString('utf8'));
    if (!Value.Check(Envelope, envelope)) throw new Error('not an envelope');
    const payload = Buffer.from(envelope.payload, 'base64');
    const signed = preAuthenticationEncoding(envelope.payloadType, payload);
    const key = nodeCrypto.verifier(Buffer.from(memory.enrolment.directoryKey, 'base64'));
    if (!key.verify(signed, Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64'))) throw new Error('not signed by the site');
    const directory: unknown = JSON.parse(payload.toString('utf8'));
    if (!Value.Check(Directory, directory)) throw new Error('not a directory');
    return directory;
  };

  let syncer: Syncer = startSyncer({ stateFolder: folder });
  return {
    workstationId,
    incarnation: toHex(log.incarnation),
    get enrolment() {
      return memory.enrolment;
    },
    get directory() {
      return memory.directory;
    },
    policies: memory.policies,
    steps: memory.steps,
    incidents: memory.incidents,
    connections: memory.connections,
    get receiptedSize() {
      return memory.receiptedSize;
    },
    get size() {
      return entries.length;
    },
    get refusePolicies() {
      return memory.refusePolicies;
    },
    set refusePolicies(code: string | null) {
      memory.refusePolicies = code;
    },
    entry: (seq) => entries[seq] ?? new Uint8Array(),
    append: (events) => {
      const draft = new LogDraft(nodeCrypto, hasher, state);
      for (const event of events)
        draft.append(pad(Buffer.from(JSON.stringify({ body: event.body, type: event.type }))), time(), nodeCrypto.random(FRESH_BYTES));
      keep(draft);
      server.broadcast('appended', { incarnation: toHex(log.incarnation), size: entries.length });
    },
    newEpoch,
    enrol: (url, token) => {
      typed = token;
      if (server.connections().length === 0) throw new Error('the syncer is not connected yet');
      server.broadcast('enrol', { server: url, token });
    },
    restartSyncer: () => {
      syncer.close();
      syncer = startSyncer({ stateFolder: folder });
    },
    close: async () => {
      syncer.close();
      await server.close();
    },
  };
}
