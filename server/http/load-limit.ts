/**
 * Bounds the work in hand: past the limit a request is answered 429 with Retry-After before its body is read, so that a
 * thousand seats that return at once cost a thousand short answers and no memory. Nothing is lost: seats keep what they have.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WardlockError } from '../../core/errors/index.ts';

/** Uploads that are read and judged at a time: each may hold a body of one batch. */
export const UPLOADS_IN_HAND = 32;
const RETRY_AFTER_SECONDS = 2;

/** An `onRequest` hook for the routes it is given to. */
export function limitInHand(most: number, onRefused: () => void): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  let inHand = 0;
  return async (_request, reply) => {
    if (inHand >= most) {
      onRefused();
      void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
      throw new WardlockError('SERVER_TOO_MANY');
    }
    inHand += 1;
    reply.raw.once('close', () => {
      inHand -= 1;
    });
  };
}
