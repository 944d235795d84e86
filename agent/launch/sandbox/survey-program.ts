/**
 * The survey as a process of its own, because looking into thousands of files would keep the agent from answering.
 * Takes folders as arguments and prints one JSON document.
 */
import { survey } from './survey.ts';

process.stdout.write(JSON.stringify(survey(process.argv.slice(2))));
