/** Errors of starting up and of command lines. */
export const startErrors = {
  START_USAGE: 'The command line is wrong. See --help.',
  START_NEEDS_PACKAGES: 'Packages of the operating system are missing.',
  START_STATE_FOREIGN: 'The state folder holds something that is not Wardlock state.',
} as const;
