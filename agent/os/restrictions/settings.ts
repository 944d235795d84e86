/**
 * The settings that a guarded Linux seat changes. Each says how it is read and written; none is changed by this file itself.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { readAuditStatus, writeAuditBacklogLimit, writeAuditEnabled } from '../audit-netlink.ts';
import type { OsSetting } from './setting.ts';

/** A kernel parameter below /proc/sys (sysctl(8)), such as `kernel/sysrq`. */
export function kernelParameter(name: string, wanted: string): OsSetting {
  const path = `/proc/sys/${name}`;
  return {
    id: `sysctl.${name.replaceAll('/', '.')}`,
    wanted,
    read: async () => (await readFile(path, 'utf8')).trim(),
    write: (value) => writeFile(path, `${value}\n`),
  };
}

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

/** No key combination reaches the kernel past the screens (admin-guide/sysrq). */
export const noSysRq: OsSetting = kernelParameter('kernel/sysrq', '0');
