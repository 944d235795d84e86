/**
 * The settings that a guarded Linux seat changes. Each says how it is read and written; none is changed by this file itself.
 */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { readAuditStatus, writeAuditBacklogLimit, writeAuditEnabled } from '../audit-netlink.ts';
import type { OsSetting } from './setting.ts';

/** The kernel makes audit records, which is how Landlock's denials become known. */
export const auditRecords: OsSetting = {
  id: 'audit.enabled',
  wanted: '1',
  // 2: on, and locked until the next boot, as hardened machines have it.
  isMet: (value) => value === '1' || value === '2',
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

/** A setting below /proc/sys, named as sysctl(8) names it. */
function sysctl(id: string, wanted: string): OsSetting {
  const path = `/proc/sys/${id.replaceAll('.', '/')}`;
  return {
    id,
    wanted,
    isThere: () => existsSync(path),
    read: async () => (await readFile(path, 'utf8')).trim(),
    write: (value) => writeFile(path, value),
  };
}

/**
 * `kernel.sysrq`: no key of the console kills, dumps or restarts. `kernel.ctrl-alt-del`: 0 asks the service manager, 1 would restart at
 * once, with nothing written. `kernel.core_pattern`: a crash leaves no picture of the memory, which may hold a PIN or a patient.
 */
export const kernelSettings: readonly OsSetting[] = [
  sysctl('kernel.sysrq', '0'),
  sysctl('kernel.ctrl-alt-del', '0'),
  sysctl('kernel.core_pattern', '|/bin/false'),
];
