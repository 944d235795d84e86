/**
 * What both listeners share: a Fastify instance that checks and never coerces, answers with codes, and bounds every body
 * before it is read. It owns no route.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, ServerOptions } from 'node:https';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { WardlockError } from '../../core/errors/index.ts';
import type { OperationalLog } from '../operational-log.ts';
import type { RefusedPeers } from '../services/refused-peers.ts';
import { noteArrivals } from './arrivals.ts';
import { answerBroken } from './broken-requests.ts';
import { refuse } from './refusals.ts';
import { checkOnly, plainJson } from './validation.ts';

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

const DEFAULT_BODY_BYTES = 65_536;
/** A request must be complete in this time, against senders that drip. */
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 90_000;
const MAX_PARAM_LENGTH = 200;

interface AppParts {
  readonly operational: OperationalLog;
  readonly refused: RefusedPeers;
  readonly now: () => number;
}

/** `tls` null makes an app for tests to inject into; it is never listened on. */
export function newApp(tls: ServerOptions | null, { operational, refused, now }: AppParts): App {
  const app = Fastify({
    https: tls,
    bodyLimit: DEFAULT_BODY_BYTES,
    requestTimeout: tls?.requestTimeout ?? REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    clientErrorHandler: answerBroken(refused),
    // Paths that cannot be decoded never reach a route or its error handler.
    frameworkErrors: (_error, _request, reply) => {
      reply.hijack();
      const body = JSON.stringify(new WardlockError('SERVER_REQUEST_MALFORMED').toBody());
      reply.raw.writeHead(400, { 'content-type': 'application/json; charset=utf-8' }).end(body);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  noteArrivals(app, now);
  app.setValidatorCompiler(checkOnly);
  app.setSerializerCompiler(plainJson);
  app.setErrorHandler(refuse(operational));
  app.setNotFoundHandler((_request, reply) => {
    void reply.code(404).send({ code: 'SERVER_NOT_FOUND', message: 'There is nothing under this address.' });
  });
  return app;
}
