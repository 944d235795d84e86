/** `policy diff`: what changes between two policies, in sentences. It asks nobody and changes nothing. */
import type { Command } from 'commander';
import { differences } from '../policies/diff.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { readPolicy } from './policy-file.ts';

const DIFFERENT = 1;

export function register(program: Command): void {
  group(program, 'policy', 'policy documents')
    .command('diff <before> <after>')
    .description('say in sentences what changes from one policy file to another; exit code 1 when something does')
    .option('--json', 'print JSON')
    .action((before: string, after: string, flags: { readonly json?: boolean }) => {
      const found = differences(readPolicy(before), readPolicy(after));
      if (found.length > 0) process.exitCode = DIFFERENT;
      const lines = found.map(({ sentence }) => sentence);
      say(flags, { before, after, differences: found }, lines.length === 0 ? 'The two policies say the same.' : lines.join('\n'));
    });
}
