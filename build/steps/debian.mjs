// Owns the step that brings the operating system's packages: installs them when it runs as root, else names the one line that
// does. Must never install anything that build/debian-packages.mjs does not name.
import { readdirSync } from 'node:fs';
import { debianPackages } from '../debian-packages.mjs';
import { run, tail } from '../lib/run.mjs';
import { StartProblem } from '../lib/say.mjs';

/** How long apt-get waits for another apt-get, in seconds. */
const APT_LOCK_SECONDS = 120;

const aptEnvironment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
const isRoot = () => process.getuid?.() === 0;

/** @returns {Promise<readonly import('../debian-packages.mjs').DebianPackage[]|undefined>} undefined: dpkg is not there */
async function missingPackages() {
  const names = debianPackages.flatMap((entry) => entry.names);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are placeholders of dpkg-query
  const query = await run('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\\n', ...names], { env: aptEnvironment });
  if (query.code === 127) return undefined;
  const installed = new Set(
    query.out
      .split('\n')
      .map((row) => row.split(' '))
      .filter(([, status]) => status === 'installed')
      .map(([name]) => name),
  );
  return debianPackages.filter((entry) => !entry.names.some((name) => installed.has(name)));
}

/** The name under which this release of the system carries a package. */
async function nameHere(entry) {
  if (entry.names.length === 1) return entry.names[0];
  for (const name of entry.names) {
    const known = await run('apt-cache', ['show', '--no-all-versions', name], { env: aptEnvironment });
    if (known.code === 0 && known.out.includes(`Package: ${name}\n`)) return name;
  }
  return entry.names.at(-1);
}

const aptArguments = (names) => ['install', '-y', '--no-install-recommends', ...names];

function listsAreMissing() {
  try {
    return !readdirSync('/var/lib/apt/lists').some((file) => file.includes('_Packages'));
  } catch {
    return true;
  }
}

const aptGet = (args) => run('apt-get', ['-o', `DPkg::Lock::Timeout=${APT_LOCK_SECONDS}`, '-q', ...args], { env: aptEnvironment });

export const debianStep = {
  title: 'Debian packages',
  async check() {
    if (process.platform !== 'linux') return `not needed on ${process.platform}`;
    const missing = await missingPackages();
    if (missing === undefined) {
      const named = debianPackages.map((entry) => entry.names.at(-1)).join(' ');
      return `not checked, this system has no dpkg; what Debian calls ${named} must be there`;
    }
    return missing.length === 0 ? `all ${debianPackages.length} are there` : undefined;
  },
  async perform(progress) {
    const missing = (await missingPackages()) ?? [];
    for (const entry of missing) progress(`${entry.names.at(-1)}: ${entry.why}`);
    if (isRoot() && listsAreMissing()) {
      progress('apt-get update');
      await aptGet(['update']);
    }
    const names = await Promise.all(missing.map(nameHere));
    if (!isRoot()) {
      throw new StartProblem(
        `${missing.length} Debian packages are missing, and only root may install them.`,
        `Run this line, then the same command again: sudo apt-get ${aptArguments(names).join(' ')}`,
      );
    }
    progress(`apt-get install ${names.join(' ')}`);
    let result = await aptGet(aptArguments(names));
    if (result.code !== 0) {
      progress('apt-get update, because the package lists may be old');
      await aptGet(['update']);
      result = await aptGet(aptArguments(names));
    }
    const left = (await missingPackages()) ?? [];
    if (result.code !== 0 || left.length > 0) {
      throw new StartProblem(
        `apt-get could not install ${left.map((entry) => entry.names.at(-1)).join(', ')}.`,
        `Check the package sources of this machine, then try it by hand: apt-get ${aptArguments(names).join(' ')}`,
        tail(result.out + result.err, 20),
      );
    }
    return `installed ${names.join(', ')}`;
  },
};
