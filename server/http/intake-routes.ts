/**
 * The routes that logs come in by: `add-checkpoint` as text, entries as bytes. Bodies are bounded before they are read; the
 * judging is the services'.
 */
import type { FastifyRequest } from 'fastify';
import { BATCH_BYTES, BATCH_ENTRIES, EntriesParams, EntriesReply, SizeConflict, seatPaths } from '../../contract/seat-api.ts';
import { HASH_BYTES } from '../../core/audit/bytes.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import { chunks, unpackEntries } from '../services/logs.ts';
import type { App } from './app.ts';
import { arrivalOf } from './arrivals.ts';
import { answers, BytesBody, Text, TextBody, TextSize } from './openapi.ts';
import { onlySeats } from './seat-answers.ts';
import type { Seat } from './seat-identity.ts';
import type { LimitOf } from './seat-limits.ts';

/** A checkpoint with its proof: tlog-witness bodies are far smaller. */
const ANCHOR_BODY_BYTES = 16_384;
/** Entries, the note, the proof and the length fields. */
const ENTRIES_BODY_BYTES = BATCH_BYTES + 16_384;

const security = [{ certificate: [] }];

interface IntakeParts {
  readonly seatOf: (request: FastifyRequest) => Seat;
  readonly limitOf: LimitOf;
}

export function intakeRoutes(app: App, site: Site, { seatOf, limitOf }: IntakeParts): void {
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const anchoring = {
    bodyLimit: ANCHOR_BODY_BYTES,
    schema: {
      tags: ['record'],
      summary: 'Anchors a checkpoint (C2SP tlog-witness add-checkpoint)',
      description:
        '400: no such request. 403: not signed by the log key. 404: not a log of this seat. 409: another size is pinned. 422: the proof does not hold.',
      security,
      body: TextBody,
      ...answers({ 200: Text, 400: Text, 403: Text, 404: Text, 409: TextSize, 422: Text }, [
        ...onlySeats,
        'INTAKE_TOO_MANY_LOGS',
        'SERVER_TOO_MANY',
      ]),
    },
    ...limitOf('anchors'),
  };
  app.post(seatPaths.addCheckpoint, anchoring, async (request, reply) => {
    const { body } = request;
    const shown = { body: typeof body === 'string' ? body : '', arrivedAt: arrivalOf(request) };
    const answer = await site.witness.addCheckpoint(seatOf(request), shown);
    if (answer.status === 200) return reply.type('text/plain; charset=utf-8').send(answer.cosignature);
    if (answer.status === 409) return reply.code(409).type('text/x.tlog.size').send(`${answer.size}\n`);
    return reply.code(answer.status).type('text/plain; charset=utf-8').send(`${answer.says}\n`);
  });

  const schema = {
    tags: ['record'],
    summary: 'Stores entries from a start on; the same upload again is welcome',
    security,
    params: EntriesParams,
    body: BytesBody,
    ...answers({ 200: EntriesReply, 409: SizeConflict }, [
      ...onlySeats,
      'INTAKE_DIFFERENT_BYTES',
      'INTAKE_UNVERIFIED',
      'INTAKE_TOO_MANY_LOGS',
      'SERVER_BODY_TOO_LARGE',
      'SERVER_TOO_MANY',
    ]),
  };
  const options = { schema, bodyLimit: ENTRIES_BODY_BYTES, ...limitOf('entries') };
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
