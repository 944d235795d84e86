/** Enrolment: the one route for machines without a certificate. Strangers call it, so their attempts are charged first. */
import { EnrolReply, EnrolRequest, seatPaths } from '../../contract/seat-api.ts';
import { isWardlockError } from '../../core/errors/index.ts';
import type { Site } from '../compose.ts';
import type { App } from './app.ts';
import { guessLimit, tooManyGuesses } from './guess-limit.ts';
import { answers } from './openapi.ts';
import { statusOf } from './refusals.ts';

/** Failed attempts of one network in a window: 80 random bits need no more. */
export const FAILED_ENROLMENTS = 20;
const GUESS_WINDOW_MS = 60_000;
/** From here on the fault is this server's: nobody guessed. */
const INTERNAL = 500;

export function enrolRoute(app: App, site: Pick<Site, 'enrolments' | 'refused'>): void {
  const guesses = guessLimit(FAILED_ENROLMENTS, GUESS_WINDOW_MS);
  const schema = {
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
  };
  app.post(seatPaths.enrol, { schema }, async (request, reply) => {
    const attempt = guesses.charge(request.ip);
    if (attempt.waitSeconds > 0) {
      void reply.header('retry-after', String(attempt.waitSeconds));
      throw tooManyGuesses(attempt.waitSeconds);
    }
    try {
      const enrolled = await site.enrolments.enrol(request.body);
      attempt.refund();
      return enrolled;
    } catch (error) {
      if (isWardlockError(error) && statusOf(error.code) < INTERNAL) site.refused.count(request.ip, error.code);
      else attempt.refund();
      throw error;
    }
  });
}
