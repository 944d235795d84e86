/** Errors of the audit log: store, codec, keys and verification. */
export const auditErrors = {
  AUDIT_STORE_FOREIGN: 'This file is not a Wardlock audit store.',
  AUDIT_STORE_LOCKED: 'Another process has this audit store open.',
  AUDIT_APPEND_FAILED: 'The event could not be made durable, so what depended on it did not happen.',
} as const;
