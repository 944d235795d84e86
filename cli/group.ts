/** Command groups that several modules add to, such as `policy` and `audit`: found by name or made. It owns no command. */
import type { Command } from 'commander';

export function group(program: Command, name: string, description: string): Command {
  return program.commands.find((command) => command.name() === name) ?? program.command(name).description(description);
}
