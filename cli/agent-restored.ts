/**
 * `agent verify-restored`: whether every setting of the operating system that the seat changed is as it was before, by reading it. For
 * after a crash or an uninstall; while the agent runs, its settings are rightly in force.
 */
import type { Command } from 'commander';
import { DEFAULT_SEAT_STATE, STATE_HELP, say } from './agent-client.ts';
import { group } from './group.ts';

const LEFT = 1;
const NOTHING_KNOWN = 2;

export function register(program: Command): void {
  group(program, 'agent', 'the agent of this seat')
    .command('verify-restored')
    .description(
      'whether the operating system is as it was before the agent ran; exit code 1 when something is not, 2 when no agent of this folder has changed anything',
    )
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--restore', 'put back what is not, first; exit code 0 when there is nothing to put back')
    .option('--json', 'print JSON')
    .action(async (flags: { readonly state: string; readonly restore?: boolean; readonly json?: boolean }) => {
      const { allRestrictions, restoreSettings } = await import('../agent/os/restrictions/seat-restrictions.ts');
      const failed = flags.restore === true ? await restoreSettings(flags.state) : [];
      const settings = (await Promise.all(allRestrictions(flags.state).map((one) => one.prove()))).flat();
      const isWrong = settings.some(({ state }) => state === 'left' || state === 'unknown');
      if (failed.length > 0 || isWrong) process.exitCode = LEFT;
      else if (settings.length === 0 && flags.restore !== true) process.exitCode = NOTHING_KNOWN;
      const lines = [...failed, ...settings].map(({ id, detail }) => `${id}: ${detail}`);
      if (lines.length === 0)
        lines.push('No agent of this folder has changed a setting of the operating system: there is nothing to compare with.');
      say(flags, { ok: failed.length === 0 && !isWrong && settings.length > 0, failed, settings }, lines.join('\n'));
    });
}
