/** Errors of PINs, codes and badges, and of what seats and the server tell each other of them. */
export const credentialErrors = {
  CREDENTIAL_PERSON_UNKNOWN: 'Nobody has this id.',
  CREDENTIAL_CODES_FULL: 'This person has as many valid codes and cards as one may have. Withdraw them first.',
  CREDENTIAL_BADGES_FULL: 'This person has as many badges as one may have.',
  CREDENTIAL_PIN_WEAK: 'This PIN is too easy to guess.',
  CREDENTIAL_PIN_CHANGED: 'The PIN was changed elsewhere meanwhile, so this change does not count.',
  CREDENTIAL_NEWS_UNREADABLE: 'What this seat tells of PINs and badges can not be opened or is not signed by it.',
  CREDENTIAL_NEWS_NOT_TOLD: 'The server says that it has judged what this seat never told it.',
  CREDENTIAL_FACTS_REFUSED: 'What came as the answer of the server about PINs is not signed by this site, or answers another question.',
} as const;
