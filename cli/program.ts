/**
 * The command line of a checkout: the commands of a seat and those of a site. Each lives in a module of its own; this file owns none.
 */
import { type CommandModules, runProgram } from './run.ts';
import { seatCommands } from './seat-commands.ts';

const modules: CommandModules = {
  ...seatCommands,
  policy: [
    () => import('./policy-validate.ts'),
    () => import('./policy-explain.ts'),
    () => import('./policy-diff.ts'),
    () => import('./policy-schema.ts'),
    () => import('./policy-compile.ts'),
    () => import('./policy-new.ts'),
    () => import('./policy-publish.ts'),
  ],
  'audit verify': [() => import('./audit-verify.ts')],
  'audit show': [() => import('./audit-show.ts')],
  audit: [
    () => import('./audit-verify.ts'),
    () => import('./audit-show.ts'),
    () => import('./audit-snapshot.ts'),
    () => import('./audit-acknowledge.ts'),
    () => import('./audit-drill.ts'),
    () => import('./audit-export.ts'),
    () => import('./audit-search.ts'),
    () => import('./audit-wards.ts'),
  ],
  server: [
    () => import('./server.ts'),
    () => import('./server-reader.ts'),
    () => import('./server-purge.ts'),
    () => import('./server-hold.ts'),
    () => import('./server-backup.ts'),
    () => import('./server-log.ts'),
    () => import('./server-events.ts'),
    () => import('./server-alarms.ts'),
    () => import('./server-authority.ts'),
    () => import('./server-openapi.ts'),
  ],
  emergency: [() => import('./emergency.ts')],
  seat: [() => import('./seat.ts')],
  account: [() => import('./account.ts')],
  'enrol-token': [() => import('./enrol-token.ts')],
  staff: [() => import('./staff.ts'), () => import('./staff-codes.ts')],
  sim: [() => import('./sim.ts')],
  keys: [() => import('./keys.ts'), () => import('./keys-recipients.ts')],
};

await runProgram(modules);
