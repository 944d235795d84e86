/** `account add|list`: who may sign in at the console. The password comes by standard input, so that it stands in no process list. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

const STDIN = 0;

export function register(program: Command): void {
  const account = group(program, 'account', "auditors' accounts");
  withState(account.command('add <name>').description('add an account, or set its password (from standard input)')).action(
    async (name: string, flags: SiteFlags) => {
      const password = readFileSync(STDIN, 'utf8').replace(/\r?\n$/, '');
      await withSite(flags, (site) => site.accounts.put(name, password));
      process.stdout.write(`${name} can sign in at the console.\n`);
    },
  );
  withState(account.command('list').description('list accounts')).action(async (flags: SiteFlags) => {
    for (const { name, role } of await withSite(flags, (site) => site.accounts.list()))
      process.stdout.write(`${name.padEnd(24)} ${role}\n`);
  });
}

function withState(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server');
}
