/**
 * Landlock (landlock(7)), bare: rulesets, rules and the restriction of the calling thread. Owns the numbers of its ABI;
 * what is allowed is decided elsewhere. Rules bind to the inode of a descriptor, never to a name.
 */
import { syscall } from './libc.ts';

const SYS_CREATE_RULESET = 444;
const SYS_ADD_RULE = 445;
const SYS_RESTRICT_SELF = 446;
const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const RULE_BYTES = 12;

export const ACCESS_EXECUTE = 1;
export const ACCESS_READ_FILE = 4;

/** Landlock ABI 6, Linux 6.12: no abstract socket and no signal leaves the domain. */
export const SCOPE_ABSTRACT_UNIX_SOCKET = 1;
export const SCOPE_SIGNAL = 2;
export const ABI_WITH_SCOPES = 6;

/** Landlock ABI 7, Linux 6.15: denials are audit records, also those of what the thread executes later. */
const LOG_NEW_EXEC_ON = 2;
export const ABI_WITH_DENIAL_RECORDS = 7;

/** The ABI of the running kernel, 0 where there is no Landlock. */
export function landlockAbi(): number {
  try {
    return syscall('landlock_create_ruleset version', SYS_CREATE_RULESET, 'void *', null, 'size_t', 0, 'uint32_t', CREATE_RULESET_VERSION);
  } catch {
    // ENOSYS: not built in; EOPNOTSUPP: switched off at boot. Both mean the same to the caller.
    return 0;
  }
}

/**
 * A ruleset: the accesses it handles are denied wherever no rule allows them.
 * @returns its descriptor, closed on execve
 */
export function createRuleset(handled: number, scoped: number): number {
  const abi = landlockAbi();
  const attributes = Buffer.alloc(24);
  attributes.writeBigUInt64LE(BigInt(handled), 0);
  attributes.writeBigUInt64LE(BigInt(scoped), 16);
  // Older kernels refuse a longer structure than they know (E2BIG) only when its unknown part is not zero.
  const size = abi >= ABI_WITH_SCOPES ? 24 : 8;
  return syscall('landlock_create_ruleset', SYS_CREATE_RULESET, 'void *', attributes, 'size_t', size, 'uint32_t', 0);
}

/** Allows `access` on the file or below the folder that `fd` (O_PATH will do) names. */
export function allow(ruleset: number, fd: number, access: number): void {
  const rule = Buffer.alloc(RULE_BYTES);
  rule.writeBigUInt64LE(BigInt(access), 0);
  rule.writeInt32LE(fd, 8);
  syscall('landlock_add_rule', SYS_ADD_RULE, 'int', ruleset, 'int', RULE_PATH_BENEATH, 'void *', rule, 'uint32_t', 0);
}

/**
 * Puts the calling thread under the ruleset for good. Must be called on the main thread, before execve, and needs
 * no_new_privs or CAP_SYS_ADMIN.
 */
export function restrictSelf(ruleset: number): void {
  const flags = landlockAbi() >= ABI_WITH_DENIAL_RECORDS ? LOG_NEW_EXEC_ON : 0;
  syscall('landlock_restrict_self', SYS_RESTRICT_SELF, 'int', ruleset, 'uint32_t', flags);
}
