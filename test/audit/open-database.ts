/** A process that tries to open a store's database as its writer and prints the code of the refusal. Test program only. */
import { openDatabase } from '../../agent/store/database.ts';
import { isWardlockError } from '../../core/errors/index.ts';

try {
  openDatabase(process.argv[2] ?? '', false).close();
  process.stdout.write('OPENED\n');
} catch (error) {
  process.stdout.write(`${isWardlockError(error) ? error.code : String(error)}\n`);
}
