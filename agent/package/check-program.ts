/**
 * Run by the service manager before the seat's screens: ends with 1, and names what is wrong, when they are not what was packaged.
 * Argument: the package's folder, where it is not the one that this lies in.
 */
import { openLog } from '../log.ts';
import { examinePackage, packageFolder } from './manifest.ts';

const CHANGED = 1;
const log = openLog('package');
const folder = process.argv[2] ?? packageFolder();

const findings = folder === null ? ['This is a checkout: there is no package to check.'] : await examinePackage(folder);
for (const what of findings) log.error('the screens are not started', { what });
process.exitCode = findings.length === 0 ? 0 : CHANGED;
