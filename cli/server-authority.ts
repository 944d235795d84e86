/** `server authority`: how long the site's authority holds, and which seats do not have its present certificate yet. It changes nothing. */
import type { Command } from 'commander';
import { type AuthorityStatus, authorityStatus } from '../server/services/authority-renewal.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface AuthorityFlags extends SiteFlags {
  readonly json?: boolean;
}

export function register(program: Command): void {
  group(program, 'server', 'the server')
    .command('authority')
    .description("how long the site's authority holds, and which seats lack its present certificate")
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON')
    .action(show);
}

async function show(flags: AuthorityFlags): Promise<void> {
  const status = await withSite(flags, (site) => authorityStatus({ db: site.store.db, authority: site.authority }));
  say(flags, status, inWords(status));
}

function inWords({ until, renewal }: AuthorityStatus): string {
  const holds = `The authority of this site holds until ${dayOf(until)}.`;
  if (renewal === null) return `${holds} The server makes it a later certificate three years before.`;
  const { at, formerUntil, behind } = renewal;
  return `${holds} It was renewed on ${dayOf(at)}; the certificate from before ends on ${dayOf(formerUntil)}.\n${behindInWords(behind)}`;
}

function behindInWords({ count, names }: NonNullable<AuthorityStatus['renewal']>['behind']): string {
  if (count === 0) return 'Every seat has the present one.';
  const more = count > names.length ? `, and ${count - names.length} more` : '';
  const lack = count === 1 ? '1 seat lacks' : `${count} seats lack`;
  return `${lack} the present one: ${names.join(', ')}${more}. Each fetches it by itself: bring online what is not.`;
}

function dayOf(time: string): string {
  return time.slice(0, 10);
}
