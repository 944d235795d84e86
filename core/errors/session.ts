/** Errors of sessions, credentials and the lock. */
export const sessionErrors = {
  SESSION_BADGE_UNKNOWN: 'This badge is not known at this seat.',
  SESSION_PIN_WRONG: 'The PIN is wrong.',
  SESSION_PIN_WAIT: 'Too many wrong PINs. Wait before the next try.',
  SESSION_PIN_BLOCKED: 'Too many wrong PINs for this person at this seat. A new PIN is needed.',
  SESSION_NOT_NOW: 'This is not possible in the present state of the seat.',
} as const;
