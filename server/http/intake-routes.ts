/**
 * The routes that logs come in by: `add-checkpoint` as text, entries as bytes. Bodies are bounded before they are read; the
 * judging is the services'.
 */
import type { FastifyRequest } from 'fastify';
import { BATCH_BYTES, BATCH_ENTRIES, EntriesParams, seatPaths } from '../../contract/seat-api.ts';
import { HASH_BYTES } from '../../core/audit/bytes.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import { chunks, unpackEntries } from '../services/logs.ts';
import type { App } from './app.ts';
import { limitInHand, UPLOADS_IN_HAND } from './load-limit.ts';
import type { Seat } from './seat-identity.ts';

/** A checkpoint with its proof: tlog-witness bodies are far smaller. */
const ANCHOR_BODY_BYTES = 16_384;
/** Entries, the note, the proof and the length fields. */
const ENTRIES_BODY_BYTES = BATCH_BYTES + 16_384;

export function intakeRoutes(app: App, site: Site, seatOf: (request: FastifyRequest) => Seat): void {
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.post(seatPaths.addCheckpoint, { bodyLimit: ANCHOR_BODY_BYTES }, async (request, reply) => {
    const { body } = request;
    const answer = await site.witness.addCheckpoint(seatOf(request), typeof body === 'string' ? body : '');
    if (answer.status === 200) return reply.type('text/plain; charset=utf-8').send(answer.cosignature);
    if (answer.status === 409) return reply.code(409).type('text/x.tlog.size').send(`${answer.size}\n`);
    return reply.code(answer.status).type('text/plain; charset=utf-8').send(`${answer.says}\n`);
  });

  const limit = limitInHand(UPLOADS_IN_HAND, () => site.refused.tally('SERVER_TOO_MANY'));
  const options = { schema: { params: EntriesParams }, bodyLimit: ENTRIES_BODY_BYTES, onRequest: limit };
  app.put(`${seatPaths.entries}/:incarnation/:start`, options, async (request, reply) => {
    const { workstationId, logKey } = seatOf(request);
    const { incarnation, start } = request.params;
    const taken = await site.intake.take({ workstationId, logKey, incarnation, start: Number(start), ...readBody(request.body) });
    if (taken.outcome === 'elsewhere') {
      const { code, message } = new WardlockError('INTAKE_SIZE_CONFLICT').toBody();
      return reply.code(409).send({ code, message, size: taken.size });
    }
    return { size: taken.size, receipt: taken.receipt };
  });
}

function readBody(body: unknown): { readonly note: string; readonly proof: Uint8Array[]; readonly entries: Uint8Array[] } {
  if (!Buffer.isBuffer(body)) throw new WardlockError('SERVER_REQUEST_MALFORMED', 'Send entries as application/octet-stream.');
  const [note, proof, ...entries] = unpackEntries(body);
  if (
    note === undefined ||
    proof === undefined ||
    proof.length % HASH_BYTES !== 0 ||
    entries.length === 0 ||
    entries.length > BATCH_ENTRIES
  ) {
    throw new WardlockError('SERVER_REQUEST_MALFORMED', `Send a checkpoint, a proof and 1 to ${BATCH_ENTRIES} entries.`);
  }
  return { note: Buffer.from(note).toString('utf8'), proof: chunks(proof, HASH_BYTES), entries };
}
