/** Errors of launching an application. */
export const launchErrors = {
  LAUNCH_NO_SESSION: 'No one is signed in, so nothing can be started.',
  LAUNCH_APP_UNKNOWN: 'The policy names no such application for this person.',
  LAUNCH_FILE_CHANGED: 'The program on disk is not the one that the policy names.',
  LAUNCH_FAILED: 'The program could not be started.',
} as const;
