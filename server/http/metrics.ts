/**
 * What operators watch, in Prometheus' text format. Labels are routes as they are written in the code, methods, statuses and
 * codes: never an address, a seat, a person or anything that a peer chose.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { App } from './app.ts';

/** Seconds; an upload is a few milliseconds, a long poll up to a minute. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
const MS_PER_SECOND = 1000;

export type Listener = 'seats' | 'console';

export interface Metrics {
  /** Counts every answer of this app; call it before its routes are added. */
  watch(app: App, listener: Listener): void;
  stored(entries: number): void;
  /** A seat has a new certificate; `ended` when its former one was past its end. */
  renewed(ended: boolean): void;
  /** The certificate of a listener ends at this time, milliseconds since 1970. */
  certified(listener: Listener, end: number): void;
  /** The present certificate of the site's authority ends at this time, milliseconds since 1970. */
  authorityEnds(end: number): void;
  /** Adds what is known of this process: memory, CPU, event loop. Once a process. */
  watchProcess(): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** @param refusals reason to how many since the start */
export function openMetrics(refusals: () => ReadonlyMap<string, number>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['listener', 'method', 'route', 'status'] as const;
  const seconds = new Histogram({ name: 'wardlock_request_seconds', help: 'Answers by route.', labelNames, buckets: BUCKETS, registers });
  const entries = new Counter({ name: 'wardlock_entries_stored_total', help: 'Entries stored since the start.', registers });
  const renewed = new Counter({
    name: 'wardlock_renewed_certificates_total',
    help: 'Certificates that seats renewed since the start, by whether the former one had ended.',
    labelNames: ['ended'] as const,
    registers,
  });
  const ends = new Gauge({
    name: 'wardlock_certificate_end_seconds',
    help: 'When the certificate of a listener ends, in seconds since 1970.',
    labelNames: ['listener'] as const,
    registers,
  });
  const authority = new Gauge({
    name: 'wardlock_authority_end_seconds',
    help: "When the present certificate of the site's authority ends, in seconds since 1970.",
    registers,
  });
  const refused = new Gauge({
    name: 'wardlock_refused_peers',
    help: 'Connections and requests refused since the start, by code.',
    labelNames: ['code'] as const,
    registers,
  });
  return {
    watch: (app, listener) => {
      app.addHook('onResponse', async (request, reply) => {
        // What fits no route has no name of ours: its path is the peer's choice.
        const route = request.routeOptions.url ?? 'none';
        const status = String(reply.statusCode);
        seconds.observe({ listener, method: request.method, route, status }, reply.elapsedTime / MS_PER_SECOND);
      });
    },
    stored: (count) => entries.inc(count),
    renewed: (ended) => renewed.inc({ ended: String(ended) }),
    certified: (listener, end) => ends.set({ listener }, end / MS_PER_SECOND),
    authorityEnds: (end) => authority.set(end / MS_PER_SECOND),
    watchProcess: () => collectDefaultMetrics({ register: registry }),
    contentType: registry.contentType,
    text: () => {
      for (const [code, count] of refusals()) refused.set({ code }, count);
      return registry.metrics();
    },
  };
}
