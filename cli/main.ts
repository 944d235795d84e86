/**
 * The command line: gathers the commands and turns what they throw into one plain sentence with its code. Each command
 * lives in a module of its own; this file owns none.
 */
import { Command } from 'commander';
import { isWardlockError } from '../core/errors/index.ts';
import * as account from './account.ts';
import * as agent from './agent.ts';
import * as auditDrill from './audit-drill.ts';
import * as auditShow from './audit-show.ts';
import * as auditSnapshot from './audit-snapshot.ts';
import * as auditVerify from './audit-verify.ts';
import * as doctor from './doctor.ts';
import * as enrol from './enrol.ts';
import * as enrolToken from './enrol-token.ts';
import * as keys from './keys.ts';
import * as policyPublish from './policy-publish.ts';
import * as policyValidate from './policy-validate.ts';
import * as reader from './reader.ts';
import * as seat from './seat.ts';
import * as server from './server.ts';
import * as staff from './staff.ts';
import * as status from './status.ts';
import * as syncer from './syncer.ts';
import * as tap from './tap.ts';

const commands = [
  auditVerify,
  auditShow,
  auditSnapshot,
  auditDrill,
  agent,
  syncer,
  tap,
  status,
  doctor,
  enrol,
  policyValidate,
  server,
  seat,
  reader,
  account,
  enrolToken,
  staff,
  keys,
  policyPublish,
];

const FAILED = 1;
const USAGE = 64;

const program = new Command('wardlock').description('Shared clinic workstations: locked seats, staff, policy, record').showHelpAfterError();
for (const command of commands) command.register(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!isWardlockError(error)) throw error;
  process.stderr.write(`${error.message} (${error.code})\n`);
  process.exitCode = error.code === 'START_USAGE' ? USAGE : FAILED;
}
