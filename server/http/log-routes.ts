/**
 * The log of logs for other people's tools: C2SP tlog-tiles below `/log/ID`, read only, for anyone. What it shows is seats'
 * ids, sizes and hashes, never what was recorded.
 */
import { gzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { consolePaths } from '../../contract/console-api.ts';
import { LogList, LogParams, TileParams } from '../../contract/log-api.ts';
import { parseTilePath } from '../../core/audit/tiles.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import type { App } from './app.ts';
import { answers, Bytes, Text } from './openapi.ts';

/** Of one address: a monitor that catches up reads many tiles. */
const READS_PER_MINUTE = 3000;
const IMMUTABLE = 'public, max-age=31536000, immutable';
const tags = ['log of logs'];

export function logRoutes(app: App, { logOfLogs }: Site): void {
  const config = { rateLimit: { max: READS_PER_MINUTE, timeWindow: 60_000 } };
  app.get(
    consolePaths.logs,
    { config, schema: { tags, summary: 'The logs of logs of this site', ...answers({ 200: LogList }, ['SERVER_TOO_MANY']) } },
    async (_request, reply) => {
      void reply.header('cache-control', 'no-store');
      return { logs: (await logOfLogs.logs()).map((log) => ({ ...log, prefix: `${consolePaths.logs}/${log.id}` })) };
    },
  );
  app.get(
    `${consolePaths.logs}/:id/checkpoint`,
    {
      config,
      schema: {
        tags,
        summary: 'The newest signed checkpoint of a log (C2SP tlog-checkpoint)',
        params: LogParams,
        ...answers({ 200: Text }, ['SERVER_NOT_FOUND', 'SERVER_TOO_MANY']),
      },
    },
    async (request, reply) => {
      const note = await logOfLogs.checkpoint(request.params.id);
      if (note === null) throw new WardlockError('SERVER_NOT_FOUND');
      return reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(note);
    },
  );
  app.get(
    `${consolePaths.logs}/:id/tile/*`,
    {
      config,
      schema: {
        tags,
        summary: 'A tile of hashes or a bundle of entries (C2SP tlog-tiles)',
        params: TileParams,
        ...answers({ 200: Bytes }, ['SERVER_NOT_FOUND', 'SERVER_TOO_MANY']),
      },
    },
    async (request, reply) => {
      const name = parseTilePath(request.params['*']);
      const bytes = name === undefined ? null : await logOfLogs.tile(request.params.id, name);
      if (name === undefined || bytes === null) throw new WardlockError('SERVER_NOT_FOUND');
      void reply.type('application/octet-stream').header('cache-control', IMMUTABLE);
      return reply.send(name.level === 'entries' ? compressed(request, reply, bytes) : Buffer.from(bytes));
    },
  );
}

/** Entries are text, mostly base64; hashes do not compress. */
function compressed(request: FastifyRequest, reply: FastifyReply, bytes: Uint8Array): Buffer {
  void reply.header('vary', 'accept-encoding');
  const takesGzip = (request.headers['accept-encoding'] ?? '')
    .split(',')
    .some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/.test(coding));
  if (!takesGzip) return Buffer.from(bytes);
  void reply.header('content-encoding', 'gzip');
  return gzipSync(bytes);
}
