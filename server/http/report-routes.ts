/** The reports for signed-in accounts. What was asked is in the server's own log before anything is answered. */
import { consolePaths } from '../../contract/console-api.ts';
import { WardReport, WardReportQuery } from '../../contract/ward-report.ts';
import type { Site } from '../compose.ts';
import type { App } from './app.ts';
import { signedIn } from './console-routes.ts';
import { answers } from './openapi.ts';

/** A report of a month reads much. */
const REPORTS_PER_MINUTE = 30;

export function reportRoutes(app: App, site: Site): void {
  const reporting = {
    config: { rateLimit: { max: REPORTS_PER_MINUTE, timeWindow: 60_000 } },
    schema: {
      tags: ['record'],
      summary:
        'What the wards live with, as numbers that name nobody: sessions, PINs, warnings, locks, propped sessions; the read is recorded',
      security: [{ session: [] }],
      querystring: WardReportQuery,
      ...answers({ 200: WardReport }, ['SERVER_SIGN_IN_NEEDED', 'SERVER_CROSS_SITE', 'SERVER_REQUEST_MALFORMED', 'SERVER_TOO_MANY']),
    },
  };
  app.get(consolePaths.wardReport, reporting, async (request) => {
    const { name } = await signedIn(site, request);
    await site.log.append({ type: 'audit.read', actor: name, body: { what: 'wards', query: { ...request.query } } });
    return site.wardReports.report(request.query);
  });
}
