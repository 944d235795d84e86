/** Errors of launching an application. */
export const launchErrors = {
  LAUNCH_NO_SESSION: 'No one is signed in, so nothing can be started.',
  LAUNCH_APP_UNKNOWN: 'The policy names no such application for this person.',
  LAUNCH_FILE_CHANGED: 'The program on disk is not the one that the policy names.',
  LAUNCH_DENIED: 'An application tried to start a program that the policy does not name. The system did not let it.',
  LAUNCH_FAILED: 'The program could not be started.',
  LAUNCH_SESSION_UNKNOWN: 'The launcher has no such session open.',
  LAUNCH_LAYER_FAILED: 'A layer that keeps a session shut in could not be set up, so nothing was started.',
  DRILL_NOT_READY: 'The bypass drill can not run, or the seat can not vouch for it.',
  PACKAGE_CHANGED: 'The screens of this seat are not what was packaged, so they are not taken.',
  OS_CALL_FAILED: 'A call to the operating system failed.',
  OS_RESTRICTION_FAILED: 'A setting of the operating system could not be changed or put back.',
  OS_USERS_FAILED: 'A throw-away user of the operating system could not be made or removed.',
  OS_DISPLAY_FAILED: 'The display for applications could not be started.',
} as const;
