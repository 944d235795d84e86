/**
 * The settings that a guarded Linux seat changes. Each says how it is read and written; none is changed by this file itself.
 */
import { readAuditStatus, writeAuditBacklogLimit, writeAuditEnabled } from '../audit-netlink.ts';
import type { OsSetting } from './setting.ts';

/** The kernel makes audit records, which is how Landlock's denials become known. */
export const auditRecords: OsSetting = {
  id: 'audit.enabled',
  wanted: '1',
  read: async () => String(readAuditStatus().enabled),
  write: async (value) => writeAuditEnabled(Number(value)),
};

/** Room for a burst of records: the kernel's own default of 64 is full after a dozen denials. */
export const auditBacklog: OsSetting = {
  id: 'audit.backlog_limit',
  wanted: '16384',
  read: async () => String(readAuditStatus().backlogLimit),
  write: async (value) => writeAuditBacklogLimit(Number(value)),
};
