// Owns finding Node 24, which runs the project's TypeScript. Must never fall back silently to another version.
import { existsSync } from 'node:fs';
import { at, root, toolEnvironment } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { StartProblem } from '../lib/say.mjs';

/** The Node that the project runs on. better-sqlite3 13, vitest 5 and `process.execve` need it. */
export const NODE_MAJOR = 24;

let found;

/**
 * The absolute path of a Node 24: the one that npm installed, else the user's own.
 *
 * @returns {Promise<{path: string, version: string}>}
 */
export async function findNode() {
  if (found !== undefined) return found;
  const suffix = process.platform === 'win32' ? '.cmd' : '';
  const own = at('node_modules', '.bin', `node${suffix}`);
  const candidates = [...(existsSync(own) ? [own] : []), process.execPath, 'node'];
  const seen = [];
  for (const candidate of candidates) {
    const probe = await run(candidate, ['-p', 'process.version + " " + process.execPath'], { cwd: root, env: toolEnvironment() });
    const [version, ...rest] = probe.out.trim().split(' ');
    if (probe.code !== 0 || version === undefined) continue;
    if (version.startsWith(`v${NODE_MAJOR}.`)) {
      found = { path: rest.join(' '), version };
      return found;
    }
    seen.push(version);
  }
  throw new StartProblem(
    `Wardlock runs on Node ${NODE_MAJOR}; npm has no Node ${NODE_MAJOR} for this platform (${process.platform} ${process.arch}), and yours is ${seen.join(', ') || 'not there'}.`,
    `Install Node ${NODE_MAJOR} from your system's packages or from the Node.js site, check with: node -v`,
  );
}

export const nodeStep = {
  title: `Node ${NODE_MAJOR}`,
  async check() {
    return (await findNode()).version;
  },
  async perform() {
    throw new Error('findNode either answers or throws');
  },
};
