/**
 * Keeps the kernel's audit records on while tests run, and room for them. A seat switches them on and puts back what it found, and of two seats
 * that are tested side by side the one that ends first would leave the other without the denials that it waits for: such settings belong
 * to one seat at a time (docs/limitations.md).
 */
import { readAuditStatus, writeAuditBacklogLimit, writeAuditEnabled } from '../../agent/os/audit-netlink.ts';
import { auditBacklog, auditRecords } from '../../agent/os/restrictions/settings.ts';
import { isWardlockError } from '../../core/errors/index.ts';

export function setup(): (() => void) | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  try {
    const { enabled, backlogLimit } = readAuditStatus();
    writeAuditEnabled(Number(auditRecords.wanted));
    writeAuditBacklogLimit(Number(auditBacklog.wanted));
    return () => {
      writeAuditBacklogLimit(backlogLimit);
      writeAuditEnabled(enabled);
    };
  } catch (failure) {
    // A kernel without audit records: the tests of denials say that themselves.
    if (isWardlockError(failure)) return undefined;
    throw failure;
  }
}
