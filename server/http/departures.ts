/**
 * Peers that go away before they are answered. Whoever asks for that after something was awaited may ask too late: what tells of it
 * has been told then, once, and is not told again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

/** True when nobody is there any more to send the rest of this request or to take its answer. */
export function hasLeft({ raw: incoming }: FastifyRequest, { raw: outgoing }: FastifyReply): boolean {
  return outgoing.closed || (incoming.destroyed && !incoming.readableEnded);
}

/** Calls `then` when the peer leaves or has its answer; at once where it has left. */
export function whenLeft(request: FastifyRequest, reply: FastifyReply, then: () => void): void {
  if (hasLeft(request, reply)) then();
  else reply.raw.once('close', then);
}
