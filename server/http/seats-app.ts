/**
 * The seats' side of the server: enrolment for machines without a certificate, everything else for seats whose
 * certificate this site's CA signed and nobody revoked. The check runs before a body is read.
 */
import type { ServerOptions } from 'node:https';
import type { FastifyRequest } from 'fastify';
import Type, { type TSchema } from 'typebox';
import { EnforcementReport } from '../../contract/enforcement.ts';
import { PeopleExchange } from '../../contract/people.ts';
import {
  AuthorityReply,
  EnrolReply,
  EnrolRequest,
  RenewReply,
  RenewRequest,
  Report,
  seatPaths,
  UpdatesQuery,
  UpdatesReply,
} from '../../contract/seat-api.ts';
import { type ErrorCode, isWardlockError, WardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import { isCalled } from '../services/logins.ts';
import { type App, newApp } from './app.ts';
import { guessLimit, tooManyGuesses } from './guess-limit.ts';
import { intakeRoutes } from './intake-routes.ts';
import { answers, describeApi, openApiRoute } from './openapi.ts';
import { statusOf } from './refusals.ts';
import { onlySeats } from './seat-answers.ts';
import { identifyForRenewal, identifySeat, type Peer, peersOf, type ReadPeer, type Seat } from './seat-identity.ts';
import { type LimitOf, seatLimits } from './seat-limits.ts';

/** Failed attempts of one address in a window: 80 random bits need no more. */
const FAILED_ENROLMENTS = 20;
const GUESS_WINDOW_MS = 60_000;
const MAX_WAIT_SECONDS = 55;
/** Counts of a whole ward, sealed, in base64 twice. */
const PEOPLE_BODY_BYTES = 2_097_152;
/** From here on the fault is this server's: nobody guessed and nobody was refused. */
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
  const guesses = guessLimit(FAILED_ENROLMENTS, GUESS_WINDOW_MS, site.now);
  const enrolling = {
    schema: {
      tags: ['enrolment'],
      summary: 'Turns a token and the claim of a machine into a seat; the one call without a certificate',
      body: EnrolRequest,
      ...answers({ 200: EnrolReply }, [
        'ENROL_TOKEN_EXPIRED',
        'ENROL_CLAIM_INVALID',
        'SERVER_SEAT_REVOKED',
        'SERVER_POLICY_KEY_MISSING',
        'SERVER_TOO_MANY',
      ]),
    },
  };
  app.post(seatPaths.enrol, enrolling, async (request, reply) => {
    const wait = guesses.waitOf(request.ip);
    if (wait > 0) {
      void reply.header('retry-after', String(wait));
      throw tooManyGuesses(wait);
    }
    try {
      return await site.enrolments.enrol(request.body);
    } catch (error) {
      if (isWardlockError(error) && statusOf(error.code) < INTERNAL) {
        guesses.failed(request.ip);
        site.refused.count(request.ip, error.code);
      }
      throw error;
    }
  });

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
    updates(known, site, callers);
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

const forSeats = (summary: string, good: TSchema, codes: readonly ErrorCode[] = []) => ({
  tags: ['seat'],
  summary,
  security: [{ certificate: [] }],
  ...answers({ 200: good }, [...onlySeats, ...codes]),
});

/** Who asks: the seat that was found, the certificate that it showed, and how many may ask at a time. */
interface Callers {
  readonly seatOf: (request: FastifyRequest) => Seat;
  readonly readPeer: ReadPeer;
  readonly limitOf: LimitOf;
}

/** Listens before it reads, and waits only when nothing is newer, so that no change is missed between two polls or within one. */
function updates(app: App, site: Site, { seatOf, readPeer }: Callers): void {
  const schema = {
    ...forSeats('Waits for a newer policy or staff directory', UpdatesReply),
    querystring: UpdatesQuery,
  };
  const stopping = site.stopping.signal;
  // One listener for all: a combined signal for each of ten thousand waiting seats is memory.
  stopping.addEventListener('abort', site.changes.wake, { once: true });
  app.get(seatPaths.updates, { schema }, async (request, reply): Promise<UpdatesReply> => {
    const { policy, directory, wait } = request.query;
    const peer = readPeer(request);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const until = site.now() + Math.min(Number(wait), MAX_WAIT_SECONDS) * 1000;
    let seat = seatOf(request);
    for (;;) {
      const left = until - site.now();
      const change = site.changes.wait(Math.max(0, left), gone.signal, seat.workstationId);
      const newer = await newerFor(site, seat, { policy: Number(policy), directory: Number(directory) });
      if (newer.policy !== null || newer.directory !== null || newer.people || left <= 0 || gone.signal.aborted || stopping.aborted) {
        gone.abort();
        return newer;
      }
      await change;
      // Whoever was revoked while it waited, or whose certificate ended, gets nothing that came after.
      seat = await identifySeat(site.store.db, peer, site.now());
    }
  });
}

async function newerFor(site: Site, seat: Seat, known: { readonly policy: number; readonly directory: number }): Promise<UpdatesReply> {
  const [policyVersion, directoryVersion] = [await site.policies.version(), await site.directories.version()];
  const published = policyVersion > known.policy ? await site.policies.latest() : null;
  return {
    policy: published === null ? null : { version: published.version, envelope: published.envelope.toString('base64') },
    directory: directoryVersion > known.directory ? await site.directories.sealFor(seat) : null,
    people: await isCalled(site.store.db, seat.workstationId),
  };
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
