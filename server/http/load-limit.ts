/**
 * Bounds the work in hand: past the limit a request is answered 429 with Retry-After before its body is read, so that a
 * thousand seats that return at once cost a thousand short answers and no memory. One seat has few of the places, so that none can
 * hold all of them with slow bodies. Nothing is lost: seats keep what they have.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WardlockError } from '../../core/errors/index.ts';

const RETRY_AFTER_SECONDS = 2;

/** Hooks for the routes that share one limit. */
export interface LoadLimit {
  onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** The answer is ready and the body is gone: the next one may come, though the answer is still on its way. */
  onSend(request: FastifyRequest): Promise<void>;
}

export interface Places {
  readonly most: number;
  readonly mostOfOne: number;
  /** Whose request it is; known before this limit is asked. */
  whose(request: FastifyRequest): string;
  onRefused(): void;
}

export function limitInHand({ most, mostOfOne, whose, onRefused }: Places): LoadLimit {
  const inHand = new Map<FastifyRequest, string>();
  const heldBy = (one: string): number => inHand.values().reduce((sum, holder) => sum + (holder === one ? 1 : 0), 0);
  return {
    onRequest: async (request, reply) => {
      const one = whose(request);
      if (inHand.size >= most || heldBy(one) >= mostOfOne) {
        onRefused();
        void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
        throw new WardlockError('SERVER_TOO_MANY');
      }
      inHand.set(request, one);
      // A peer that goes away in the midst of its body gets no answer.
      reply.raw.once('close', () => inHand.delete(request));
    },
    onSend: async (request) => {
      inHand.delete(request);
    },
  };
}
