// Owns where things lie in a checkout. Must stay free of side effects.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export function at(...parts) {
  return path.join(root, ...parts);
}

/** The environment for child processes: the project's own tools (and with them Node 24) come first. */
export function toolEnvironment(extra = {}) {
  const variable = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const own = at('node_modules', '.bin');
  const rest = (process.env[variable] ?? '').split(path.delimiter).filter((entry) => entry !== own);
  return { ...process.env, [variable]: [own, ...rest].join(path.delimiter), ...extra };
}
