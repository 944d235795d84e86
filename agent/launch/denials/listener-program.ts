/**
 * Listens to the kernel's audit records and prints the denials of Landlock among them, one JSON document a line. A process of
 * its own, because the kernel gives the records to the first network namespace only: it is started in there, keeps nothing but the one
 * socket, and gives up every right before it reads the first record.
 */
import { writeSync } from 'node:fs';
import { listenToRecords, nextRecord } from '../../os/audit-netlink.ts';
import { becomeUser, unshare } from '../../os/libc.ts';
import { endWithParent, giveUpCapabilities } from '../../os/privileges.ts';
import { DenialReader } from './record.ts';
import { DenialTally } from './tally.ts';

const NOBODY = 65_534;
const CLONE_NEWNET = 0x40000000;
const CLONE_NEWNS = 0x00020000;
const STANDARD_OUTPUT = 1;
const CONFIG_CHANGE = 1305;
/** How long what was counted may wait for the next record, in seconds. */
const WAIT_SECONDS = 1;
const SWITCHED_OFF = /(?:^| )audit_enabled=0(?: |$)/u;

function tell(line: object): void {
  writeSync(STANDARD_OUTPUT, `${JSON.stringify(line)}\n`);
}

const records = listenToRecords(WAIT_SECONDS);
// The socket stays where it was made; nothing that is opened from now on reaches a network.
unshare(CLONE_NEWNET | CLONE_NEWNS);
giveUpCapabilities();
becomeUser(NOBODY, NOBODY);
endWithParent();
tell({ state: 'listening' });

const reader = new DenialReader();
const tally = new DenialTally();
for (;;) {
  const record = nextRecord(records);
  if (record === 'lost') tell({ state: 'lost' });
  else if (record !== 'quiet' && record.type === CONFIG_CHANGE && SWITCHED_OFF.test(record.text)) tell({ state: 'switched-off' });
  const denial = typeof record === 'string' ? undefined : reader.take(record.type, record.text);
  const due = denial === undefined ? tally.due(performance.now()) : tally.take(denial, performance.now());
  for (const counted of due) tell({ state: 'denied', ...counted });
}
