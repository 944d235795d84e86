/** Errors of starting up and of command lines. */
export const startErrors = {
  START_USAGE: 'The command line is wrong. See --help.',
  START_SYSTEM_REFUSED: 'The operating system refused a file, a folder or an address.',
  START_STATE_FOREIGN: 'The state folder holds something that is not Wardlock state.',
  START_SWITCH_REFUSED: 'A locked seat does not start with switches or variables that open a way around it. Remove them.',
  START_FUSES_WRONG: 'This build of the kiosk is not sealed. Install the packaged build again.',
  START_NOT_PREPARED: 'This checkout is not prepared. Run npm start or npm test, which prepare it, instead of the script itself.',
  START_STEP_FAILED: 'A step of the demo did not happen as it should.',
} as const;
