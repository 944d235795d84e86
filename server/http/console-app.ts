/**
 * The people's side of the server: health, policy publishing, and (for signed-in accounts) the record. A policy is taken
 * from whoever brings it, because only its signature and version count.
 */
import { existsSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { resolve } from 'node:path';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import files from '@fastify/static';
import { consolePaths } from '../../contract/console-api.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { PolicyEnvelope } from '../../policies/schema.ts';
import type { Site } from '../compose.ts';
import { type App, newApp } from './app.ts';
import { consoleRoutes } from './console-routes.ts';

/** Built by `vite build -c console.vite.config.ts`. */
const pages = resolve(import.meta.dirname, '../../out/console');
const PUBLISH_PER_MINUTE = 30;
const POLICY_BODY_BYTES = 2_097_152;

export async function createConsoleApp(site: Site, tls: ServerOptions | null): Promise<App> {
  const app = newApp(tls, site.operational);
  site.metrics.watch(app, 'console');
  await app.register(rateLimit, { global: false, errorResponseBuilder: () => new WardlockError('SERVER_TOO_MANY') });
  await app.register(cookie);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
  });
  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/api/')) void reply.header('cache-control', 'no-store');
  });
  if (existsSync(pages)) await app.register(files, { root: pages, index: ['index.html'], redirect: false });
  else site.operational.warn('the console pages are not built: run npm run ready, then start again');
  app.get(consolePaths.health, () => ({ alive: true }));
  app.get(consolePaths.ready, async (_request, reply) => {
    if (site.stopping.signal.aborted) return reply.code(503).send({ ready: false });
    try {
      await site.store.db.selectFrom('settings').select('key').limit(1).execute();
      return { ready: true };
    } catch (fault) {
      site.operational.error('the database does not answer', { error: String(fault) });
      return reply.code(503).send({ ready: false });
    }
  });
  app.get(consolePaths.metrics, async (_request, reply) => reply.type(site.metrics.contentType).send(await site.metrics.text()));
  const config = { rateLimit: { max: PUBLISH_PER_MINUTE, timeWindow: 60_000 } };
  app.post(consolePaths.policy, { schema: { body: PolicyEnvelope }, bodyLimit: POLICY_BODY_BYTES, config }, (request) =>
    site.policies.publish(request.body, request.ip),
  );
  consoleRoutes(app, site);
  return app;
}
