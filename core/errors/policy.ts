/** Errors of policy documents and bundles. */
export const policyErrors = {
  POLICY_MALFORMED: 'The policy does not fit its schema.',
  POLICY_UNSIGNED: 'The policy has no valid signature by the policy key of this site.',
  POLICY_OLDER: 'The policy is not newer than the one in force.',
  POLICY_EMPTY: 'The policy names no role or no application and would leave the seat useless.',
  POLICY_BRICKS: 'The policy could take away what a seat needs to be reached and repaired.',
  POLICY_WRONG_TENANT: 'The policy belongs to another site.',
  POLICY_EXPIRED: 'The policy has expired.',
  POLICY_NOT_COMPILED: 'The policy says nothing that this engine could be given.',
} as const;
