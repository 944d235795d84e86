/**
 * `agent verify-restored`: whether every setting of the operating system that the seat changed is as it was before. For after a crash or
 * an uninstall; while the agent runs, its settings are rightly in force.
 */
import type { Command } from 'commander';
import { say } from './agent-client.ts';
import { group } from './group.ts';

const LEFT = 1;

export function register(program: Command): void {
  group(program, 'agent', 'the agent of this seat')
    .command('verify-restored')
    .description('whether the operating system is as it was before the agent ran; exit code 1 when something is not')
    .option('--restore', 'put back what is not, first')
    .action(async (flags: { readonly restore?: boolean }, command: Command) => {
      const { state, json } = command.optsWithGlobals<{ readonly state: string; readonly json?: boolean }>();
      const { seatRestrictions } = await import('../agent/os/restrictions/seat-restrictions.ts');
      const restrictions = seatRestrictions(state);
      const failed = flags.restore === true ? (await restrictions.revert()).failed : [];
      const left = await restrictions.unrestored();
      if (left.length > 0) process.exitCode = LEFT;
      const lines = [...failed, ...left].map(({ id, detail }) => `${id}: ${detail}`);
      if (left.length === 0) lines.push('Every setting of the operating system is as it was before.');
      say(json === true ? { json } : {}, { ok: left.length === 0, failed, left }, lines.join('\n'));
    });
}
