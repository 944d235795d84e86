/** What watchers of the process ask, without a sign-in: does it live, would it serve, what does it count. Nothing here names a person. */
import Type from 'typebox';
import { consolePaths } from '../../contract/console-api.ts';
import type { Site } from '../compose.ts';
import { wordsOfFault } from '../operational-log.ts';
import type { App } from './app.ts';
import { answers, Text } from './openapi.ts';

const tags = ['operations'];
const Ready = Type.Object({ ready: Type.Boolean() });
const UNAVAILABLE = 503;
/** A database that hangs is as good as none; statements of others may wait longer for it. */
const READY_MS = 3_000;

export function healthRoutes(app: App, site: Site): void {
  const alive = { schema: { tags, summary: 'The process lives', ...answers({ 200: Type.Object({ alive: Type.Boolean() }) }, []) } };
  app.get(consolePaths.health, alive, () => ({ alive: true }));
  const ready = {
    schema: {
      tags,
      summary: 'The server takes requests: its database answers and it is not stopping',
      ...answers({ 200: Ready, 503: Ready }, []),
    },
  };
  app.get(consolePaths.ready, ready, async (_request, reply) => {
    if (site.stopping.signal.aborted) return reply.code(UNAVAILABLE).send({ ready: false });
    try {
      await within(READY_MS, site.store.db.selectFrom('settings').select('key').limit(1).execute());
      return { ready: true };
    } catch (fault) {
      site.operational.error('the database does not answer', { error: wordsOfFault(fault) });
      return reply.code(UNAVAILABLE).send({ ready: false });
    }
  });
  const metrics = { schema: { tags, summary: 'Counters and timings as Prometheus text', ...answers({ 200: Text }, []) } };
  app.get(consolePaths.metrics, metrics, async (_request, reply) => reply.type(site.metrics.contentType).send(await site.metrics.text()));
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
