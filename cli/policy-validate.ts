/** `policy validate`: reads a policy and names file, line and column of each problem. It asks nobody and changes nothing. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import { type PolicyProblem, parsePolicy } from '../policies/parse.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';

const INVALID = 1;

export function register(program: Command): void {
  group(program, 'policy', 'policy documents')
    .command('validate <file>')
    .description('check a policy file; exit code 1 when it has problems')
    .option('--json', 'print JSON')
    .action((file: string, flags: { readonly json?: boolean }) => {
      const parsed = parsePolicy(read(file), { comments: true });
      if (parsed.ok) {
        const { version, roles, apps } = parsed.document;
        say(
          flags,
          { file, ok: true, version, problems: [] },
          `${file}: version ${version}, ${roles.length} roles, ${apps.length} applications. No problems.`,
        );
        return;
      }
      process.exitCode = INVALID;
      const lines = parsed.problems.map((problem) => `${file}:${problem.line}:${problem.column}: ${problemInWords(problem)}`);
      say(flags, { file, ok: false, problems: parsed.problems }, lines.join('\n'));
    });
}

/** `/roles/0/apps/2` as `roles, entry 1, apps, entry 3: ...`; a problem of the whole text stands alone. */
export function problemInWords({ path, message }: PolicyProblem): string {
  const parts = path.split('/').slice(1);
  const words = parts.map((part) => (/^\d+$/.test(part) ? `entry ${Number(part) + 1}` : part.replaceAll('~1', '/').replaceAll('~0', '~')));
  return words.length === 0 ? message : `${words.join(', ')}: ${message}`;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WardlockError('START_USAGE', `Cannot read ${file}.`, { cause });
  }
}
