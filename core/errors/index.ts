/** The coded errors of Wardlock: the one error type and the closed union of its codes. */
export { type ErrorCode, errorMeanings, isErrorCode } from './codes.ts';
export { type ErrorBody, isWardlockError, WardlockError } from './error.ts';
