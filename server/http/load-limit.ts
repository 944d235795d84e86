/**
 * Bounds the work in hand: past the limit a request is answered 429 with Retry-After before its body is read, so that a
 * thousand seats that return at once cost a thousand short answers and no memory. One seat has few of the places, so that none can
 * hold all of them with slow bodies. Nothing is lost: seats keep what they have.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WardlockError } from '../../core/errors/index.ts';
import { hasLeft, whenLeft } from './departures.ts';

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
      // It left while it was looked up: nothing would come any more that could give its place back.
      if (hasLeft(request, reply)) {
        reply.hijack();
        return;
      }
      const one = whose(request);
      if (inHand.size >= most || heldBy(one) >= mostOfOne) {
        onRefused();
        void reply.header('retry-after', String(RETRY_AFTER_SECONDS));
        throw new WardlockError('SERVER_TOO_MANY');
      }
      inHand.set(request, one);
      // A peer that goes away in the midst of its body gets no answer.
      whenLeft(request, reply, () => inHand.delete(request));
    },
    onSend: async (request) => {
      inHand.delete(request);
    },
  };
}
