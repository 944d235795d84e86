/**
 * When a request came, by this node's clock, before anything of it waited for the database. What a seat says is judged by what
 * stood at that moment: a request can be in hand for longer than its sender waits for it.
 */
import type { FastifyRequest } from 'fastify';
import type { App } from './app.ts';

const arrivals = new WeakMap<FastifyRequest, number>();

/** Before every other hook of this app. */
export function noteArrivals(app: App, now: () => number): void {
  app.addHook('onRequest', (request, _reply, done) => {
    arrivals.set(request, now());
    done();
  });
}

/** A request of an app that notes none counts as one that comes after everything. */
export function arrivalOf(request: FastifyRequest): number {
  return arrivals.get(request) ?? Number.POSITIVE_INFINITY;
}
