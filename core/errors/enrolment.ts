/** Errors of enrolment: tokens, keys, certificates. */
export const enrolmentErrors = {
  ENROL_TOKEN_MALFORMED: 'This is not an enrolment token. Type it again, all groups, as printed.',
  ENROL_TOKEN_EXPIRED: 'This enrolment token has expired or was used. Ask for a new one.',
  ENROL_WRONG_SERVER: 'The server that answered is not the one that issued this token. Nothing was sent to it.',
  ENROL_ALREADY: 'This seat is already enrolled.',
  ENROL_CLAIM_INVALID: 'The claim of this machine does not verify, or one of its keys is unsuitable.',
  ENROL_REPLY_INVALID: 'The answer to the enrolment does not fit what this machine asked for.',
  ENROL_AUTHORITY_FOREIGN: "What was given as a later certificate of the site's authority is none of its own. The present one stays.",
} as const;
