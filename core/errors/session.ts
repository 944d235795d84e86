/** Errors of sessions, credentials and the lock. */
export const sessionErrors = {
  SESSION_BADGE_UNKNOWN: 'This badge is not known at this seat.',
  SESSION_BADGE_UNREADABLE: 'The card could not be read.',
  SESSION_READER_TOO_LONG: 'The reader typed more than any badge holds.',
  SESSION_CLOCK_WRONG: 'The clock of this seat is not what its site says.',
  SESSION_READER_NOT_ALLOWED: 'The policy allows no reader of this kind at this seat.',
  SESSION_NAME_UNKNOWN: 'Nobody of this name is known at this seat.',
  SESSION_NAME_NOT_ALLOWED: 'A name and a PIN are not enough for this person at this seat now.',
  SESSION_CODE_UNKNOWN: 'This code is not known at this seat.',
  SESSION_CODE_EXPIRED: 'This code is not valid any more.',
  SESSION_CARD_USED: 'This downtime card was used before.',
  SESSION_SECOND_NOT_ALLOWED: 'This person may not confirm the one who waits.',
  SESSION_PIN_WRONG: 'The PIN is wrong.',
  SESSION_PIN_WAIT: 'Too many wrong PINs. Wait before the next try.',
  SESSION_PIN_BLOCKED: 'Too many wrong PINs for this person at this seat. A new PIN is needed.',
  SESSION_STAFF_TOO_OLD: 'What this seat knows of its staff is too old to let anybody in.',
  SESSION_NOT_NOW: 'This is not possible in the present state of the seat.',
} as const;
