/**
 * Changes one setting as an agent does and hangs at a given moment, to be killed there: `before` the change, when only the journal
 * has been written, or `after` it. Prints a line when it has got there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Restrictions } from '../../agent/os/restrictions/restrictions.ts';

const [journal = '', file = '', moment = ''] = process.argv.slice(2);

function hang(): Promise<void> {
  process.stdout.write('here\n');
  const kept = setInterval(() => undefined, 1_000);
  return new Promise(() => kept.ref());
}

await new Restrictions(journal, [
  {
    id: 'kernel.core_pattern',
    wanted: '|/bin/false',
    read: async () => readFileSync(file, 'utf8').trim(),
    write: async (value) => {
      if (moment === 'after') writeFileSync(file, value);
      await hang();
    },
  },
]).perform();
