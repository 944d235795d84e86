/** `policy validate`: reads a policy and names file, line and column of each problem. It asks nobody and changes nothing. */
import type { Command } from 'commander';
import { notesOf } from '../policies/notes.ts';
import { odditiesOf } from '../policies/oddities.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { parsePolicyFile, problemInWords } from './policy-file.ts';

const INVALID = 1;

export function register(program: Command): void {
  group(program, 'policy', 'policy documents')
    .command('validate <file>')
    .description('check a policy file; exit code 1 when it has problems')
    .option('--json', 'print JSON')
    .action((file: string, flags: { readonly json?: boolean }) => {
      const parsed = parsePolicyFile(file);
      if (parsed.ok) {
        const { version, roles, apps } = parsed.document;
        const notes = [...notesOf(parsed.document), ...odditiesOf(parsed.document)];
        const summary = `${file}: version ${version}, ${roles.length} roles, ${apps.length} applications. No problems.`;
        say(flags, { file, ok: true, version, problems: [], notes }, [summary, ...notes].join('\n'));
        return;
      }
      process.exitCode = INVALID;
      const lines = parsed.problems.map((problem) => `${file}:${problem.line}:${problem.column}: ${problemInWords(problem)}`);
      say(flags, { file, ok: false, problems: parsed.problems }, lines.join('\n'));
    });
}
