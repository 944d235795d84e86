/**
 * The seats' side of the server: enrolment for machines without a certificate, everything else for seats whose
 * certificate this site's CA signed and nobody revoked. The check runs before a body is read.
 */
import type { ServerOptions } from 'node:https';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { EnforcementReport } from '../../contract/enforcement.ts';
import { PeopleExchange } from '../../contract/people.ts';
import { AuthorityReply, RenewReply, RenewRequest, Report, seatPaths } from '../../contract/seat-api.ts';
import { type ErrorCode, isWardlockError, WardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import { type App, newApp } from './app.ts';
import { enrolRoute } from './enrol-route.ts';
import { intakeRoutes } from './intake-routes.ts';
import { describeApi, openApiRoute } from './openapi.ts';
import { statusOf } from './refusals.ts';
import { forSeats } from './seat-answers.ts';
import { identifyForRenewal, identifySeat, type Peer, peersOf, type ReadPeer, type Seat } from './seat-identity.ts';
import { type LimitOf, seatLimits } from './seat-limits.ts';
import { updateRoutes } from './update-routes.ts';

/** Counts of a whole ward, sealed, in base64 twice. */
const PEOPLE_BODY_BYTES = 2_097_152;
/** From here on the fault is this server's: nobody was refused. */
const INTERNAL = 500;

export async function createSeatsApp(
  site: Site,
  tls: ServerOptions | null,
  readPeer: ReadPeer = peersOf(site.authority.certificatePem),
): Promise<App> {
  const app = newApp(tls, site);
  site.metrics.watch(app, 'seats');
  await describeApi(app, 'seats');
  const seats = new WeakMap<FastifyRequest, Seat>();
  const seatOf = (request: FastifyRequest): Seat => {
    const seat = seats.get(request);
    if (seat === undefined) throw new WardlockError('SERVER_SEAT_UNKNOWN');
    return seat;
  };
  enrolRoute(app, site);

  const knownBy = (identify: typeof identifySeat) => async (request: FastifyRequest) => {
    const peer = readPeer(request);
    try {
      const seat = await identify(site.store.db, peer, site.now());
      seats.set(request, seat);
      site.presence.seen(seat.workstationId, site.now());
    } catch (error) {
      if (isWardlockError(error) && statusOf(error.code) < INTERNAL) site.refused.count(request.ip, reasonOf(peer, error.code));
      throw error;
    }
  };
  const callers = { seatOf, readPeer, limitOf: seatLimits(site, seatOf) };
  await app.register((known: App, _options, done) => {
    known.addHook('onRequest', knownBy(identifyForRenewal));
    renewal(known, site, callers);
    done();
  });
  await app.register((known: App, _options, done) => {
    known.addHook('onRequest', knownBy(identifySeat));
    updateRoutes(known, site, callers);
    reports(known, site, callers);
    authority(known, site);
    people(known, site, callers);
    intakeRoutes(known, site, callers);
    openApiRoute(known, 'seats', app);
    done();
  });
  return app;
}

/** Tells a certificate that TLS did not take from one that this site does not know. */
function reasonOf(peer: Peer, code: ErrorCode): string {
  return 'refused' in peer ? peer.refused : code;
}

function people(app: App, site: Site, { seatOf, limitOf }: Callers): void {
  const schema = {
    ...forSeats('Takes what a seat tells of PINs, badges and cards, and answers with what the others know', PeopleExchange, [
      'CREDENTIAL_NEWS_UNREADABLE',
      'SERVER_TOO_MANY',
    ]),
    body: PeopleExchange,
  };
  app.post(seatPaths.people, { schema, bodyLimit: PEOPLE_BODY_BYTES, ...limitOf('people') }, async (request) => ({
    sealed: await site.people.exchange(seatOf(request), request.body.sealed),
  }));
}

/** Who asks: the seat that was found, the certificate that it showed, and how many may ask at a time. */
interface Callers {
  readonly seatOf: (request: FastifyRequest) => Seat;
  readonly readPeer: ReadPeer;
  readonly limitOf: LimitOf;
}

function authority(app: App, site: Site): void {
  const schema = forSeats("The present certificate of the site's authority, for a seat whose own ends in the next years", AuthorityReply);
  app.get(seatPaths.authority, { schema }, async () => ({ ca: site.authority.certificatePem }));
}

function reports(app: App, site: Site, { seatOf, limitOf }: Callers): void {
  const summary = 'Tells what became of a policy, a directory or an authority, or how far the seat enforces its policy';
  const schema = {
    ...forSeats(summary, Type.Object({}), ['SERVER_TOO_MANY']),
    body: Type.Union([Report, EnforcementReport]),
  };
  app.post(seatPaths.reports, { schema, ...limitOf('reports') }, async (request) => {
    const { workstationId } = seatOf(request);
    const { kind, ...rest } = columnsOf(request.body);
    const values = { ...rest, reported_at: site.now() };
    await site.store.db
      .insertInto('seat_reports')
      .values({ workstation_id: workstationId, kind, ...values })
      .onConflict((c) => c.columns(['workstation_id', 'kind']).doUpdateSet(values))
      .execute();
    return {};
  });
}

/** Both kinds of report in one table: of enforcement the mode is the outcome, and the missing layers are a list in the message. */
function columnsOf(
  body: Report | EnforcementReport,
): Report | { kind: 'enforcement'; version: number; outcome: string; code: null; message: string } {
  if (body.kind !== 'enforcement') return body;
  return { kind: body.kind, version: 0, outcome: body.mode, code: null, message: JSON.stringify(body.missing) };
}

/** The one route that a certificate past its end opens: a seat that was away for months comes back by itself. */
function renewal(app: App, site: Site, { seatOf, readPeer, limitOf }: Callers): void {
  const summary = 'A new certificate for a known seat; its present one may have ended';
  const schema = { ...forSeats(summary, RenewReply, ['ENROL_CLAIM_INVALID', 'SERVER_TOO_MANY']), body: RenewRequest };
  app.post(seatPaths.renew, { schema, ...limitOf('renewals') }, async (request, reply) => {
    const { workstationId, certifiedUntil } = seatOf(request);
    const peer = readPeer(request);
    if ('refused' in peer) throw new WardlockError('SERVER_SEAT_UNKNOWN');
    const wait = await site.enrolments.renewalWait(workstationId);
    if (wait > 0) {
      site.refused.count(request.ip, 'SERVER_TOO_MANY');
      void reply.header('retry-after', String(wait));
      throw new WardlockError('SERVER_TOO_MANY');
    }
    const shown = { fingerprintSha256: peer.fingerprintSha256, until: certifiedUntil };
    const ended = certifiedUntil <= site.now();
    const clientCertificate = await site.enrolments.renew({ workstationId, shown, csr: Buffer.from(request.body.csr, 'base64') });
    site.metrics.renewed(ended);
    return { clientCertificate };
  });
}
