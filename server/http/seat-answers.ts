/** The codes with which every route for enrolled seats may refuse. */
import type { ErrorCode } from '../../core/errors/index.ts';

export const onlySeats: readonly ErrorCode[] = ['SERVER_SEAT_UNKNOWN', 'SERVER_SEAT_REVOKED', 'SERVER_SEAT_EXPIRED'];
