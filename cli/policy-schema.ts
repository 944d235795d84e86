/** `policy schema`: the JSON Schema of policy files, for editors. */
import type { Command } from 'commander';
import { jsonSchemaText } from '../policies/json-schema.ts';
import { group } from './group.ts';

export function register(program: Command): void {
  group(program, 'policy', 'policy documents')
    .command('schema')
    .description('print the JSON Schema of policy files; name it in a policy as "$schema" and your editor completes and checks')
    .action(() => void process.stdout.write(jsonSchemaText()));
}
