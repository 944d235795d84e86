/** Errors of the staff directory as a seat receives it. */
export const directoryErrors = {
  DIRECTORY_MALFORMED: 'The staff directory does not fit its schema.',
  DIRECTORY_UNSEALED: 'The staff directory was not sealed for this seat.',
  DIRECTORY_UNSIGNED: 'The staff directory has no valid signature by the directory key of this site.',
  DIRECTORY_WRONG_TENANT: 'The staff directory belongs to another site.',
  DIRECTORY_OLDER: 'The staff directory is older than the one in use.',
} as const;
