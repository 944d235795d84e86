/**
 * The closed union of error codes, gathered from one literal per domain. Each code has a row in docs/errors.md;
 * a test holds the two against each other in both directions.
 */
import { auditErrors } from './audit.ts';
import { credentialErrors } from './credentials.ts';
import { directoryErrors } from './directory.ts';
import { enrolmentErrors } from './enrolment.ts';
import { ipcErrors } from './ipc.ts';
import { launchErrors } from './launch.ts';
import { policyErrors } from './policy.ts';
import { serverErrors } from './server.ts';
import { sessionErrors } from './session.ts';
import { startErrors } from './start.ts';

export const errorMeanings = {
  ...auditErrors,
  ...credentialErrors,
  ...directoryErrors,
  ...enrolmentErrors,
  ...ipcErrors,
  ...launchErrors,
  ...policyErrors,
  ...serverErrors,
  ...sessionErrors,
  ...startErrors,
} as const;

export type ErrorCode = keyof typeof errorMeanings;

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(errorMeanings, value);
}
