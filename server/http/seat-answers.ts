/** How every route for enrolled seats answers and may refuse, as it stands in the API's description. */
import type { TSchema } from 'typebox';
import type { ErrorCode } from '../../core/errors/index.ts';
import { answers } from './openapi.ts';

export const onlySeats: readonly ErrorCode[] = ['SERVER_SEAT_UNKNOWN', 'SERVER_SEAT_REVOKED', 'SERVER_SEAT_EXPIRED'];

export const forSeats = (summary: string, good: TSchema, codes: readonly ErrorCode[] = []) => ({
  tags: ['seat'],
  summary,
  security: [{ certificate: [] }],
  ...answers({ 200: good }, [...onlySeats, ...codes]),
});
