/**
 * What the syncer may ask: raw bytes of the log, and to hand in what the server sent, which is verified here again. It
 * never answers a key and never believes a word.
 */
import { MOST_LOGS, type SyncBoundary, syncBoundary } from '../../contract/sync.ts';
import { type ErrorCode, isErrorCode } from '../../core/errors/index.ts';
import type { Handlers } from '../../ipc/connection.ts';
import type { ListenOptions } from '../../ipc/server.ts';
import { offerAuthority } from '../enrolment/authority.ts';
import type { SeatAgent } from '../seat-agent.ts';
import { admitUsers } from './admit.ts';
import { afterRecord } from './after-record.ts';

/** Raw bytes of one answer, so that their base64 fits a frame with room to spare. */
const BATCH_BYTES = 160 * 1024;
const BATCH_ENTRIES = 1_024;

export function syncEndpoint(seat: SeatAgent, path: string): ListenOptions<SyncBoundary> {
  const { options, border, log } = seat.parts;
  const self = process.geteuid?.() ?? 0;
  return {
    boundary: syncBoundary,
    path,
    limit: 1,
    admit: admitUsers([options.syncer?.uid ?? self]),
    ...(options.syncer === null ? {} : { group: options.syncer.gid }),
    handlers: handlersOf(seat),
    onRefused: border.refused,
    onFault: (method, fault) => log.error('a request of the syncer failed', { method, fault }),
    onClosed: () => seat.site.syncerLost(),
  };
}

function handlersOf(seat: SeatAgent): Handlers<SyncBoundary> {
  const { identity, directory, recorder, launcher, log } = seat.parts;
  const recorded = afterRecord(recorder);
  return {
    hello: () => ({
      workstationId: identity.enrolment?.workstationId ?? null,
      policyVersion: seat.site.policy?.version ?? 0,
      directoryVersion: directory.version,
    }),
    enrolmentClaim: ({ tlsKeySha256, tokenId }) => {
      const { claim, signature } = identity.claim(tokenId, tlsKeySha256);
      return { claim: base64(claim), signature: base64(signature) };
    },
    enrolled: ({ reply }) => ({ workstationId: seat.site.accept(bytes(reply)) }),
    enrolmentStep: ({ step, error }) => {
      seat.site.report(step, error);
      return {};
    },
    checkpoint: () => {
      const { store } = seat.record;
      if (store === null) return null;
      const { incarnation, size, receiptedSize } = store.position();
      return { note: store.checkpoint(), position: { incarnation, size }, receiptedSize };
    },
    logs: () => ({ logs: seat.record.store?.logs().slice(0, MOST_LOGS) ?? [] }),
    entries: ({ incarnation, start, maxBytes, maxEntries }) => {
      const limits = { maxBytes: Math.min(maxBytes, BATCH_BYTES), maxEntries: Math.min(maxEntries, BATCH_ENTRIES) };
      const batch = seat.record.needed().readFrom(start, limits, incarnation);
      return { start: batch.start, entries: batch.entries.map(base64), checkpoint: batch.checkpoint, proof: batch.proof.map(base64) };
    },
    consistency: ({ incarnation, from, to }) => ({ proof: seat.record.needed().consistency(from, to, incarnation).map(base64) }),
    receipt: async ({ note }) => {
      const store = seat.record.needed();
      const outcome = await store.applyReceipt(note);
      if (outcome.outcome === 'accepted') {
        seat.push();
        return { accepted: true, receiptedSize: outcome.receiptedSize };
      }
      log.warn('a receipt was refused', { code: outcome.code });
      recorder.note({ type: 'sync.incident', body: { code: outcome.code } });
      return recorded({ accepted: false, receiptedSize: store.position().receiptedSize });
    },
    anchored: async ({ note }) => {
      const accepted = await seat.record.needed().applyCosignature(note);
      if (!accepted) {
        log.warn('a cosignature was refused', { code: 'AUDIT_RECEIPT_REFUSED' });
        recorder.note({ type: 'sync.incident', body: { code: 'AUDIT_RECEIPT_REFUSED' } });
      }
      return recorded({ accepted });
    },
    policy: ({ envelope }) => recorded(seat.site.offerPolicy(bytes(envelope))),
    directory: ({ sealed }) => recorded(seat.site.offerDirectory(bytes(sealed))),
    authority: ({ ca }) => recorded(offerAuthority({ identity, recorder, trustedWallMs: () => seat.site.trustedWallMs() }, ca)),
    news: ({ always }) => {
      const sealed = seat.credentials.people.news(always);
      return sealed === null ? null : { sealed };
    },
    people: ({ sealed }) => {
      const taken = seat.credentials.people.take(sealed);
      seat.push();
      return recorded(taken);
    },
    connection: (connection) => {
      seat.site.setConnection(connection);
      if (connection.state === 'online') seat.credentials.people.connected();
      return {};
    },
    enforcement: () => {
      const { name, missing } = launcher.mode;
      return { mode: name, missing: missing.map(({ layer }) => layer) };
    },
    incident: ({ code, detail }) => {
      log.warn('the syncer reports an incident', { code, detail });
      recorder.note({ type: 'sync.incident', body: { code: incidentCode(code) } });
      return recorded({});
    },
  };
}

/** The record takes known codes only: text of the network never enters it. */
function incidentCode(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'SERVER_ANSWER_MALFORMED';
}

const base64 = (raw: Uint8Array): string => Buffer.from(raw).toString('base64');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
