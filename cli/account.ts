/** `account add|remove|list`: who may sign in at the console. The password comes by standard input, so that it stands in no process list. */
import type { Command } from 'commander';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { secretInput } from './secret-input.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface JsonFlags extends SiteFlags {
  readonly json?: boolean;
}

export function register(program: Command): void {
  const account = group(program, 'account', "auditors' accounts");
  withState(account.command('add <name>').description('add an account, or set its password (from standard input)')).action(
    async (name: string, flags: JsonFlags) => {
      const password = await secretInput('Password');
      await withSite(flags, (site) => site.accounts.put(name, password));
      say(flags, { name }, `${name} can sign in at the console.`);
    },
  );
  withState(
    account.command('remove <name>').description('take an account away; its sessions end, what was done under it stays in the log'),
  ).action(async (name: string, flags: JsonFlags) => {
    await withSite(flags, (site) => site.accounts.remove(name));
    say(flags, { name }, `${name} can not sign in any more. What was done under this name stays in the server's log.`);
  });
  withState(account.command('list').description('list accounts')).action(async (flags: JsonFlags) => {
    const rows = await withSite(flags, (site) => site.accounts.list());
    if (flags.json === true) process.stdout.write(`${JSON.stringify(rows)}\n`);
    else if (rows.length === 0) process.stdout.write('Nobody yet. Add an auditor with: account add NAME\n');
    else for (const { name, role } of rows) process.stdout.write(`${name.padEnd(24)} ${role}\n`);
  });
}

function withState(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}
