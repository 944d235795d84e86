/** The command line of a packaged seat. */
import { runProgram } from './run.ts';
import { seatCommands } from './seat-commands.ts';

await runProgram(seatCommands);
