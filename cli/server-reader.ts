/** `server reader` and `server reindex`: the commands of cli/reader.ts under the name that the server's operators look for. */
import type { Command } from 'commander';
import { group } from './group.ts';
import { readerCommands } from './reader.ts';

export function register(program: Command): void {
  readerCommands(group(program, 'server', 'the server'), 'reader');
}
