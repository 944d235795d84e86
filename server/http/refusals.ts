/**
 * Turns whatever a handler threw into a coded refusal: 4xx with a code for what the caller did, 500 with a code for what
 * broke here. It must never send a stack, a cause or a database's words.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { type OperationalLog, wordsOfFault } from '../operational-log.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  ENROL_TOKEN_EXPIRED: 403,
  SERVER_SIGN_IN_NEEDED: 401,
  SERVER_SIGN_IN_WRONG: 401,
  SERVER_CROSS_SITE: 403,
  SERVER_SEAT_UNKNOWN: 401,
  SERVER_SEAT_REVOKED: 403,
  SERVER_SEAT_EXPIRED: 401,
  SERVER_ROLE_MISSING: 403,
  SERVER_ALARM_MOVED: 409,
  SERVER_SEAT_AMBIGUOUS: 409,
  SERVER_EMERGENCY_RUNNING: 409,
  SERVER_EMERGENCY_CLOSED: 409,
  SERVER_NOT_FOUND: 404,
  SERVER_BODY_TOO_LARGE: 413,
  SERVER_TOO_MANY: 429,
  SERVER_INTERNAL: 500,
  SERVER_DATABASE_UNREACHABLE: 503,
  SERVER_DATABASE_REFUSED: 503,
  SERVER_DATABASE_BUSY: 503,
  SERVER_POLICY_KEY_MISSING: 409,
  POLICY_OLDER: 409,
  POLICY_UNSIGNED: 403,
  INTAKE_SIZE_CONFLICT: 409,
  INTAKE_DIFFERENT_BYTES: 422,
  INTAKE_TOO_MANY_LOGS: 429,
  INTAKE_UNVERIFIED: 422,
};
const BAD_REQUEST = 400;
/** Seats wait at least so long, and then as their own backoff says. */
const RETRY_AFTER_SECONDS = 2;

export function statusOf(code: ErrorCode): number {
  return statuses[code] ?? BAD_REQUEST;
}

/** The error handler of both listeners. */
export function refuse(log: OperationalLog): (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const refusal = isWardlockError(error) ? error : translate(error);
    const status = statusOf(refusal.code);
    if (status >= 500) log.error('request failed', { route: request.routeOptions.url ?? '', error: wordsOfFault(error) });
    if (status === 503) void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
    void reply.code(status).send(refusal.toBody());
  };
}

function translate(error: FastifyError): WardlockError {
  const status = error.statusCode ?? 500;
  if (status === 413) return new WardlockError('SERVER_BODY_TOO_LARGE');
  if (status === 429) return new WardlockError('SERVER_TOO_MANY');
  if (status === 404) return new WardlockError('SERVER_NOT_FOUND');
  if (status >= 400 && status < 500) return new WardlockError('SERVER_REQUEST_MALFORMED', wordsOf(error));
  return new WardlockError('SERVER_INTERNAL');
}

/** What `validation.ts` found; what could not be read at all has no such words. */
function wordsOf(error: FastifyError): string {
  return error.validation?.[0]?.message ?? 'The request cannot be read. Check its body and content type.';
}
