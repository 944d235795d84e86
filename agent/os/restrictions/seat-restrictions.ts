/**
 * The settings of the operating system that this seat changes, with their journal in the seat's state folder. The only file of the
 * folder that knows both; the agent performs and reverts them, the command line looks at what is left.
 */
import { join } from 'node:path';
import { Restrictions } from './restrictions.ts';
import { auditBacklog, auditRecords } from './settings.ts';

const JOURNAL = 'restrictions.json';

export function seatRestrictions(stateFolder: string): Restrictions {
  return new Restrictions(join(stateFolder, JOURNAL), [auditBacklog, auditRecords]);
}
