/**
 * Emergency accesses that wait for a person, and their close-out, for signed-in auditors. Reading the list is recorded before it is
 * answered, a close-out together with the deed.
 */
import Type from 'typebox';
import { CSRF_HEADER, consolePaths } from '../../contract/console-api.ts';
import { CloseEmergency, EmergencyList, EmergencyQuery } from '../../contract/emergencies.ts';
import { SessionId, WorkstationId } from '../../contract/scalars.ts';
import { WardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import type { App } from './app.ts';
import { changing, LOOKING_ROLE, signedIn } from './console-routes.ts';
import { answers } from './openapi.ts';

const CALLS_PER_MINUTE = 600;

export function emergencyRoutes(app: App, site: Site): void {
  const common = { tags: ['record'], security: [{ session: [] }] };
  const config = { rateLimit: { max: CALLS_PER_MINUTE, timeWindow: 60_000 } };
  const listing = {
    config,
    schema: {
      ...common,
      summary: 'Emergency accesses that wait for their close-out, or those that are closed out; the read is recorded',
      querystring: EmergencyQuery,
      ...answers({ 200: EmergencyList }, ['SERVER_SIGN_IN_NEEDED', 'SERVER_CROSS_SITE', 'SERVER_TOO_MANY']),
    },
  };
  app.get(consolePaths.emergencies, listing, async (request) => {
    const { name } = await signedIn(site, request);
    await site.log.append({ type: 'audit.read', actor: name, body: { what: 'emergencies', query: { ...request.query } } });
    return site.emergencies.list(request.query);
  });

  const closing = {
    config,
    schema: {
      ...common,
      summary: `Closes out an emergency access with what was found, for auditors; it is recorded. Needs the header ${CSRF_HEADER}`,
      params: Type.Object({ workstation: WorkstationId, session: SessionId }),
      body: CloseEmergency,
      ...answers({ 200: Type.Object({}) }, [
        'SERVER_SIGN_IN_NEEDED',
        'SERVER_CROSS_SITE',
        'SERVER_ROLE_MISSING',
        'SERVER_NOT_FOUND',
        'SERVER_EMERGENCY_RUNNING',
        'SERVER_EMERGENCY_CLOSED',
        'SERVER_EMERGENCY_UNEXPLAINED',
        'SERVER_TOO_MANY',
      ]),
    },
  };
  app.post(consolePaths.closeEmergency, closing, async (request) => {
    const { name, role } = await changing(site, request);
    if (role !== LOOKING_ROLE) throw new WardlockError('SERVER_ROLE_MISSING');
    const { workstation, session } = request.params;
    await site.emergencies.close({ workstationId: workstation, session, ...request.body, by: name });
    return {};
  });
}
