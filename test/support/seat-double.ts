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
import { SimRecord } from '../../cli/sim/record.ts';
import { signClaim, simClaim } from '../../cli/sim/seat.ts';
import { Directory } from '../../contract/directory.ts';
import { DIRECTORY_INFO, type Enrolment, Envelope, SealedDirectory } from '../../contract/seat-api.ts';
import { syncBoundary } from '../../contract/sync.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import { type BoundaryServer, listen } from '../../ipc/server.ts';

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
  const record = new SimRecord([keys.readerPublicKey, keys.escrowPublicKey]);
  const { workstationId } = record;
  const sealingKey = nodeCrypto.random(32);
  let claimed: Buffer = Buffer.alloc(0);
  let typed = '';
  let server: BoundaryServer<typeof syncBoundary>;
  const memory = {
    enrolment: null as Enrolment | null,
    directory: null as Directory | null,
    policies: [] as number[],
    steps: [] as string[],
    incidents: [] as string[],
    connections: [] as string[],
    refusePolicies: null as string | null,
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
      enforcement: () => ({ mode: 'enforced', missing: [] }),
      enrolmentClaim: ({ tlsKeySha256, tokenId }) => {
        const parts = simClaim(record, { tlsKeySha256, tokenId, sealingKey: base64(nodeCrypto.hpkePublicKey(sealingKey)) });
        claimed = parts.claim;
        return { claim: claimed.toString('base64'), signature: signClaim(parts) };
      },
      enrolled: ({ reply }) => {
        const bytes = Buffer.from(reply, 'base64');
        memory.enrolment = verifyEnrolmentReply({ reply: bytes, token: typed, claimSha256: hash('sha256', claimed), workstationId });
        if (record.size === 0) record.newEpoch();
        return { workstationId };
      },
      enrolmentStep: ({ step, error }) => {
        memory.steps.push(error === undefined ? step : `${step} ${error.code}`);
        return {};
      },
      checkpoint: () => record.checkpoint(),
      logs: () => record.logs(),
      entries: (asked) => record.entries(asked),
      consistency: (asked) => record.consistency(asked),
      receipt: (asked) => record.receipt(asked, memory.enrolment?.mirrorKey ?? ''),
      anchored: () => ({ accepted: true }),
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
      authority: () => ({ outcome: 'unchanged', ca: memory.enrolment?.ca ?? '' }),
      news: () => null,
      people: () => ({ taken: false, more: false }),
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
    incarnation: record.incarnation,
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
      return record.receiptedSize;
    },
    get size() {
      return record.size;
    },
    get refusePolicies() {
      return memory.refusePolicies;
    },
    set refusePolicies(code: string | null) {
      memory.refusePolicies = code;
    },
    entry: (seq) => record.log.entries[seq] ?? new Uint8Array(),
    append: (events) => {
      const from = record.size;
      record.append(events.length, (at) => JSON.stringify({ body: events[at - from]?.body, type: events[at - from]?.type }));
      server.broadcast('appended', { incarnation: record.incarnation, size: record.size });
    },
    newEpoch: () => record.newEpoch(),
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

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
