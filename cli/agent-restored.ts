/**
 * `agent verify-restored`: whether every setting of the operating system that the seat changed is as it was before. For after a crash or
 * an uninstall; while the agent runs, its settings are rightly in force.
 */
import type { Command } from 'commander';
import { DEFAULT_SEAT_STATE, STATE_HELP, say } from './agent-client.ts';
import { group } from './group.ts';

const LEFT = 1;

export function register(program: Command): void {
  group(program, 'agent', 'the agent of this seat')
    .command('verify-restored')
    .description('whether the operating system is as it was before the agent ran; exit code 1 when something is not')
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--restore', 'put back what is not, first')
    .option('--json', 'print JSON')
    .action(async (flags: { readonly state: string; readonly restore?: boolean; readonly json?: boolean }) => {
      const { seatRestrictions } = await import('../agent/os/restrictions/seat-restrictions.ts');
      const restrictions = seatRestrictions(flags.state);
      const failed = flags.restore === true ? (await restrictions.revert()).failed : [];
      const left = await restrictions.unrestored();
      if (left.length > 0) process.exitCode = LEFT;
      const lines = [...failed, ...left].map(({ id, detail }) => `${id}: ${detail}`);
      if (left.length === 0) lines.push('Every setting of the operating system is as it was before.');
      say(flags, { ok: left.length === 0, failed, left }, lines.join('\n'));
    });
}
