export { type ErrorCode, errorMeanings, isErrorCode } from './codes.ts';
export { type ErrorBody, isWardlockError, WardlockError } from './error.ts';
