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
import Type from 'typebox';
import { consolePaths } from '../../contract/console-api.ts';
import { Count } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { PolicyEnvelope } from '../../policies/schema.ts';
import type { Site } from '../compose.ts';
import { type App, newApp } from './app.ts';
import { consoleRoutes } from './console-routes.ts';
import { emergencyRoutes } from './emergency-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { logRoutes } from './log-routes.ts';
import { answers, describeApi, openApiRoute } from './openapi.ts';
import { recordRoutes } from './record-routes.ts';
import { reportRoutes } from './report-routes.ts';

/** Built by `vite build -c console.vite.config.ts`. */
const pages = resolve(import.meta.dirname, '../../out/console');
const PUBLISH_PER_MINUTE = 30;
const POLICY_BODY_BYTES = 2_097_152;

export async function createConsoleApp(site: Site, tls: ServerOptions | null): Promise<App> {
  const app = newApp(tls, site);
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
  await describeApi(app, 'console');
  healthRoutes(app, site);
  openApiRoute(app, 'console');
  logRoutes(app, site);
  const publishing = {
    schema: {
      tags: ['policy'],
      summary: 'Publishes a signed policy',
      body: PolicyEnvelope,
      ...answers({ 200: Type.Object({ version: Count }) }, [
        'POLICY_UNSIGNED',
        'POLICY_OLDER',
        'POLICY_WRONG_TENANT',
        'SERVER_POLICY_KEY_MISSING',
        'SERVER_BODY_TOO_LARGE',
        'SERVER_TOO_MANY',
      ]),
    },
    bodyLimit: POLICY_BODY_BYTES,
    config: { rateLimit: { max: PUBLISH_PER_MINUTE, timeWindow: 60_000 } },
  };
  app.post(consolePaths.policy, publishing, (request) => site.policies.publish(request.body, request.ip));
  consoleRoutes(app, site);
  recordRoutes(app, site);
  reportRoutes(app, site);
  emergencyRoutes(app, site);
  return app;
}
