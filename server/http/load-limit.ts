/**
 * Bounds the work in hand: past the limit a request is answered 429 with Retry-After before its body is read, so that a
 * thousand seats that return at once cost a thousand short answers and no memory. Nothing is lost: seats keep what they have.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WardlockError } from '../../core/errors/index.ts';

/** Uploads that are read and judged at a time: each may hold a body of one batch. */
export const UPLOADS_IN_HAND = 32;
const RETRY_AFTER_SECONDS = 2;

/** Hooks for the routes that share one limit. */
export interface LoadLimit {
  onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** The answer is ready and the body is gone: the next one may come, though the answer is still on its way. */
  onSend(request: FastifyRequest): Promise<void>;
}

export function limitInHand(most: number, onRefused: () => void): LoadLimit {
  const inHand = new Set<FastifyRequest>();
  return {
    onRequest: async (request, reply) => {
      if (inHand.size >= most) {
        onRefused();
        void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
        throw new WardlockError('SERVER_TOO_MANY');
      }
      inHand.add(request);
      // A peer that goes away in the midst of its body gets no answer.
      reply.raw.once('close', () => inHand.delete(request));
    },
    onSend: async (request) => {
      inHand.delete(request);
    },
  };
}
