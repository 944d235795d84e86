/**
 * The searches of the record for signed-in accounts: by person, seat, application, outcome and time. What was asked is in the
 * server's own log before anything is answered.
 */
import { consolePaths, EventList, EventQuery } from '../../contract/console-api.ts';
import type { Site } from '../compose.ts';
import type { App } from './app.ts';
import { signedIn } from './console-routes.ts';
import { answers } from './openapi.ts';

const SEARCHES_PER_MINUTE = 600;

export function recordRoutes(app: App, site: Site): void {
  const searching = {
    config: { rateLimit: { max: SEARCHES_PER_MINUTE, timeWindow: 60_000 } },
    schema: {
      tags: ['record'],
      summary: 'Events by person, seat, application, outcome and time, newest first; the search is recorded',
      security: [{ session: [] }],
      querystring: EventQuery,
      ...answers({ 200: EventList }, ['SERVER_SIGN_IN_NEEDED', 'SERVER_CROSS_SITE', 'SERVER_TOO_MANY']),
    },
  };
  app.get(consolePaths.events, searching, async (request) => {
    const { name } = await signedIn(site, request);
    await site.log.append({ type: 'audit.read', actor: name, body: { what: 'events', query: { ...request.query } } });
    return site.search.find(request.query);
  });
}
