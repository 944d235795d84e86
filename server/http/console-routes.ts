/**
 * The console's API for signed-in accounts. Every read of the record is itself an event of the server's own log, written
 * before the answer goes out.
 */
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import Type, { type TSchema } from 'typebox';
import {
  AcknowledgeAlarm,
  AlarmList,
  CSRF_HEADER,
  consolePaths,
  ExportQuery,
  Me,
  SeatList,
  SessionList,
  SessionQuery,
  SignIn,
  Story,
} from '../../contract/console-api.ts';
import { Id, SessionId, WorkstationId } from '../../contract/scalars.ts';
import { type ErrorCode, WardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import { type SignedIn, sameSecret } from '../services/accounts.ts';
import type { App } from './app.ts';
import { answers, Lines } from './openapi.ts';

/** `__Host-`: the browser takes it only over HTTPS, for this host and every path. */
export const SESSION_COOKIE = '__Host-wardlock';
const cookieOptions = { httpOnly: true, secure: true, sameSite: 'strict', path: '/' } as const;
const SIGN_INS_PER_MINUTE = 10;
const READS_PER_MINUTE = 600;
const EXPORTS_PER_MINUTE = 30;

const tags = ['record'];
const security = [{ session: [] }];
/** A read of a signed-in account. */
const reading = (summary: string, good: TSchema | typeof Lines, codes: readonly ErrorCode[] = []) => ({
  tags,
  summary,
  security,
  ...answers({ 200: good }, ['SERVER_SIGN_IN_NEEDED', 'SERVER_CROSS_SITE', 'SERVER_TOO_MANY', ...codes]),
});

/** Whose task it is to look at alarms and emergency accesses, and to say that they did. */
export const LOOKING_ROLE = 'auditor';

const AlarmParams = Type.Object({ alarm: Id });
const StoryParams = Type.Object({ workstation: WorkstationId, session: SessionId });

export function consoleRoutes(app: App, site: Site): void {
  const perMinute = (max: number) => ({ rateLimit: { max, timeWindow: 60_000 } });
  const meOf = (session: SignedIn): Me => ({ name: session.name, role: 'auditor', csrf: session.csrf, tenant: site.tenant });

  const signingIn = {
    config: perMinute(SIGN_INS_PER_MINUTE),
    schema: {
      tags: ['session'],
      summary: 'Signs an account in: sets the session cookie',
      body: SignIn,
      ...answers({ 200: Me }, ['SERVER_SIGN_IN_WRONG', 'SERVER_CROSS_SITE', 'SERVER_TOO_MANY']),
    },
  };
  app.post(consolePaths.signIn, signingIn, async (request, reply) => {
    refuseCrossSite(request);
    const { name, password } = request.body;
    const { secret, session } = await site.accounts.signIn(name, password);
    void reply.setCookie(SESSION_COOKIE, secret, cookieOptions);
    return meOf(session);
  });

  const signingOut = {
    schema: {
      tags: ['session'],
      summary: `Ends the session; needs the header ${CSRF_HEADER}`,
      security,
      ...answers({ 200: Type.Object({}) }, ['SERVER_SIGN_IN_NEEDED', 'SERVER_CROSS_SITE']),
    },
  };
  app.post(consolePaths.signOut, signingOut, async (request, reply) => {
    await changing(site, request);
    await site.accounts.signOut(request.cookies[SESSION_COOKIE] ?? '');
    void reply.clearCookie(SESSION_COOKIE, cookieOptions);
    return {};
  });

  const config = perMinute(READS_PER_MINUTE);
  app.get(consolePaths.me, { config, schema: reading('Who is signed in', Me) }, async (request) => meOf(await signedIn(site, request)));

  app.get(consolePaths.seats, { config, schema: reading('Every seat with what is known of it', SeatList) }, async (request) => {
    await signedIn(site, request);
    return { seats: await site.seats.list() };
  });

  app.get(
    consolePaths.alarms,
    { config, schema: reading('Alarms that nobody has acknowledged: kinds with counts, and the newest of each', AlarmList) },
    async (request) => {
      await signedIn(site, request);
      return site.alarms.open();
    },
  );

  const acknowledging = {
    config,
    schema: {
      tags,
      summary: `Says that somebody looked at an alarm, for auditors; it is recorded. Needs the header ${CSRF_HEADER}`,
      security,
      params: AlarmParams,
      body: AcknowledgeAlarm,
      ...answers({ 200: Type.Object({}) }, [
        'SERVER_SIGN_IN_NEEDED',
        'SERVER_CROSS_SITE',
        'SERVER_ROLE_MISSING',
        'SERVER_NOT_FOUND',
        'SERVER_ALARM_MOVED',
        'SERVER_TOO_MANY',
      ]),
    },
  };
  app.post(consolePaths.acknowledge, acknowledging, async (request) => {
    const { name, role } = await changing(site, request);
    if (role !== LOOKING_ROLE) throw new WardlockError('SERVER_ROLE_MISSING');
    await site.alarms.acknowledge({ id: request.params.alarm, by: name, times: request.body.times });
    return {};
  });

  const finding = { ...reading('Sessions by person, seat and time', SessionList), querystring: SessionQuery };
  app.get(consolePaths.sessions, { config, schema: finding }, async (request) => {
    const { name } = await signedIn(site, request);
    await site.log.append({ type: 'audit.read', actor: name, body: { what: 'sessions', query: { ...request.query } } });
    return site.stories.find(request.query);
  });

  const telling = { ...reading('One session, event by event', Story, ['SERVER_NOT_FOUND']), params: StoryParams };
  app.get(consolePaths.story, { config, schema: telling }, async (request) => {
    const { name } = await signedIn(site, request);
    const { workstation, session } = request.params;
    await site.log.append({ type: 'audit.read', actor: name, body: { what: 'story', workstation, session } });
    return site.stories.story(workstation, session);
  });

  const exporting = {
    config: perMinute(EXPORTS_PER_MINUTE),
    schema: {
      ...reading('What one seat recorded, verifiable offline', Lines, ['SERVER_NOT_FOUND', 'SERVER_SEAT_AMBIGUOUS']),
      querystring: ExportQuery,
    },
  };
  app.get(consolePaths.exportLog, exporting, async (request, reply) => {
    const { name } = await signedIn(site, request);
    const { workstationId, lines } = await site.exports.open(request.query);
    await site.log.append({ type: 'audit.exported', actor: name, body: { workstation: workstationId, query: { ...request.query } } });
    const file = `wardlock-${workstationId.slice(0, 8)}-${request.query.from.slice(0, 10)}.jsonl`;
    return reply.type('application/x-ndjson').header('content-disposition', `attachment; filename="${file}"`).send(Readable.from(lines));
  });
}

/** @throws WardlockError SERVER_SIGN_IN_NEEDED, SERVER_CROSS_SITE */
export async function signedIn(site: Site, request: FastifyRequest): Promise<SignedIn> {
  refuseCrossSite(request);
  return site.accounts.session(request.cookies[SESSION_COOKIE]);
}

/** For what changes something: the session, proven by its own secret beside the cookie. @throws WardlockError SERVER_SIGN_IN_NEEDED, SERVER_CROSS_SITE */
export async function changing(site: Site, request: FastifyRequest): Promise<SignedIn> {
  const session = await signedIn(site, request);
  if (!sameSecret(String(request.headers[CSRF_HEADER] ?? ''), session.csrf)) throw new WardlockError('SERVER_CROSS_SITE');
  return session;
}

/** Browsers say where a request comes from (Fetch Metadata); what another site started is refused. */
function refuseCrossSite(request: FastifyRequest): void {
  const from = request.headers['sec-fetch-site'];
  if (from !== undefined && from !== 'same-origin' && from !== 'none') throw new WardlockError('SERVER_CROSS_SITE');
}
