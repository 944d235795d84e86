/**
 * A real store in a throw-away folder, with real keys in a file vault. Owns the folder and takes it away again; test data
 * only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVault } from '../../agent/keys/index.ts';
import { type AuditStore, openStore, type StoreOptions } from '../../agent/store/index.ts';
import type { AuditEvent } from '../../contract/events.ts';
import { fromHex } from '../../core/audit/bytes.ts';
import { formatCheckpoint, logKeyName, logOrigin, parseCheckpoint } from '../../core/audit/checkpoint.ts';
import { cosign } from '../../core/audit/cosignature.ts';
import type { Signer } from '../../core/audit/crypto.ts';
import type { Recipient } from '../../core/audit/epoch.ts';
import { formatNote, formatVerifierKey, NOTE_COSIGNATURE, NOTE_ED25519, type NoteVerifier, noteVerifier } from '../../core/audit/note.ts';
import { nodeCrypto } from '../../crypto/index.ts';

const EVENTS_OF_AN_EPOCH = 150;

export interface StoreKit {
  readonly dir: string;
  /** The store's own folder. */
  readonly storeDir: string;
  readonly workstation: Uint8Array;
  readonly logSeed: Uint8Array;
  readonly logKey: NoteVerifier;
  readonly logKeyText: string;
  readonly readerKey: Uint8Array;
  readonly escrowKey: Uint8Array;
  readonly recipients: readonly Recipient[];
  readonly mirror: { readonly name: string; readonly signer: Signer };
  readonly mirrorKey: NoteVerifier;
  readonly problems: string[];
  open(change?: Partial<StoreOptions>): Promise<AuditStore>;
  /** The mirror's receipt over the first `size` entries of a store's present log or of another, which it believes. */
  receipt(store: AuditStore, size: number, root: Uint8Array, incarnation?: string): string;
  /** Brings the receipt over all that the store has now; how many entries that is. @throws when the store refuses it */
  receipted(store: AuditStore): Promise<number>;
  remove(): Promise<void>;
}

export async function storeKit(base = tmpdir()): Promise<StoreKit> {
  const dir = await mkdtemp(join(base, 'wardlock-audit-'));
  const readerKey = nodeCrypto.random(32);
  const escrowKey = nodeCrypto.random(32);
  const workstation = nodeCrypto.random(16);
  const logSeed = nodeCrypto.random(32);
  const recipients: Recipient[] = [
    { role: 'reader', publicKey: nodeCrypto.hpkePublicKey(readerKey) },
    { role: 'escrow', publicKey: nodeCrypto.hpkePublicKey(escrowKey) },
  ];
  const logKey = noteVerifier(nodeCrypto, {
    name: logKeyName(workstation),
    type: NOTE_ED25519,
    publicKey: nodeCrypto.signer(logSeed).publicKey,
  });
  const mirror = { name: 'wardlock/server/test', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
  const mirrorKey = noteVerifier(nodeCrypto, { name: mirror.name, type: NOTE_COSIGNATURE, publicKey: mirror.signer.publicKey });
  const problems: string[] = [];
  const storeDir = join(dir, 'audit');
  let born = false;
  const receipt: StoreKit['receipt'] = (store, size, root, incarnation = store.position().incarnation) => {
    const text = formatCheckpoint({ origin: logOrigin({ workstation, incarnation: fromHex(incarnation, 8) }), size, root });
    return formatNote({ text, signatures: [cosign(nodeCrypto, text, mirror, 1_700_000_000)] });
  };
  return {
    dir,
    storeDir,
    workstation,
    logSeed,
    logKey,
    logKeyText: formatVerifierKey(nodeCrypto, logKey),
    readerKey,
    escrowKey,
    recipients,
    mirror,
    mirrorKey,
    problems,
    async open(change = {}) {
      const vault = await openVault({
        dir: join(dir, 'keys'),
        service: 'wardlock-test',
        crypto: nodeCrypto,
        keychain: false,
        credentialsDirectory: undefined,
      });
      const birth = born ? 'existing' : 'enrolment';
      born = true;
      return openStore({
        dir: storeDir,
        vault,
        crypto: nodeCrypto,
        workstation,
        logSeed,
        recipients,
        receiptKey: mirrorKey,
        birth,
        onProblem: (what, error) => void problems.push(`${what} ${error instanceof Error ? error.message : String(error)}`),
        ...change,
      });
    },
    receipt,
    async receipted(store) {
      const { size, root } = parseCheckpoint(store.checkpoint()).checkpoint;
      const { outcome } = await store.applyReceipt(receipt(store, size, root));
      if (outcome !== 'accepted') throw new Error(`The receipt over ${size} entries was not accepted but ${outcome}.`);
      return size;
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** As many epochs of 150 class 1 events; the last one is closed as well. */
export async function fillEpochs(store: AuditStore, epochs: number): Promise<void> {
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    await Promise.all(Array.from({ length: EVENTS_OF_AN_EPOCH }, (_, at) => store.append(lockEvent(at))));
    await store.newEpoch('wake');
  }
}

/** A class 2 event of ordinary size. */
export function launchEvent(at: number): AuditEvent {
  return {
    type: 'app.exited',
    body: { session: at.toString(16).padStart(32, '0'), app: 'xcalc', exitCode: at, signal: null, seconds: 1 },
  };
}

/** A class 1 event of ordinary size. */
export function lockEvent(at: number): AuditEvent {
  return { type: 'session.locked', body: { session: at.toString(16).padStart(32, '0'), reason: 'idle' } };
}
