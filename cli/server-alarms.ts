/** `server alarms`: what stands, and `server alarms acknowledge ID`: somebody looked at it, who is recorded. On the server's machine. */
import type { Command } from 'commander';
import type { AlarmList } from '../contract/console-api.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';
import { whoIs } from './server-hold.ts';

interface AlarmFlags extends SiteFlags {
  readonly json?: boolean;
}

interface AcknowledgeFlags extends AlarmFlags {
  readonly by?: string;
}

export function register(program: Command): void {
  const alarms = withFlags(
    group(program, 'server', 'the server').command('alarms').description('alarms that nobody has acknowledged, by kind'),
  ).action(list);
  withFlags(
    alarms.command('acknowledge <id>').description('say that somebody looked at an alarm; it stands up again when it happens again'),
  )
    .option('--by <name>', 'who looked at it (default: the user of this machine)')
    .action(acknowledge);
}

function withFlags(command: Command): Command {
  return command
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON');
}

async function list(flags: AlarmFlags): Promise<void> {
  const alarms = await withSite(flags, (site) => site.alarms.open());
  say(flags, alarms, inWords(alarms));
}

async function acknowledge(id: string, flags: AcknowledgeFlags): Promise<void> {
  const by = whoIs(flags);
  const { kind, workstationId } = await withSite(flags, (site) => site.alarms.acknowledge({ id, by, times: null }));
  say(flags, { id, kind, workstationId, by }, `${kind} is acknowledged by ${by}. It stands up again when it happens again.`);
}

function inWords({ kinds, alarms }: AlarmList): string {
  if (kinds.length === 0) return 'No alarm stands.';
  return kinds
    .flatMap(({ kind, open, seats }) => {
      const listed = alarms.filter((alarm) => alarm.kind === kind);
      const more = open > listed.length ? [`  and ${open - listed.length} more of this kind`] : [];
      return [`${kind}: ${open} of ${seats} ${seats === 1 ? 'place' : 'places'}`, ...listed.flatMap(lineOf), ...more];
    })
    .join('\n');
}

function lineOf({ id, seat, workstationId, detail, firstAt, lastAt, times }: AlarmList['alarms'][number]): string[] {
  const when = times === 1 ? lastAt : `${times} times, ${firstAt} to ${lastAt}`;
  return [`  ${id}  ${seat ?? workstationId ?? 'site'}, ${when}`, `    ${detail}`];
}
