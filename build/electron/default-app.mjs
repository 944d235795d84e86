// The small program inside the fallback Electron that opens the app named on its command line, as a stock Electron's own
// does. It is packed into resources/default_app.asar, is never released, and must not await anything at its top level
// that waits for the app to be ready: in an ES module that deadlocks this Electron.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { app as published } from 'electron';

/**
 * Electron gives its own default app two more functions than it documents.
 *
 * @type {import('electron').App & {setVersion(version: string): void, setAppPath(folder: string): void}}
 */
const app = Object(published);

/** Separates `electron [options] app [its own arguments]`. Modules to load first come as `-r FILE`, which Playwright uses. */
function parse(args) {
  const preload = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index];
    if (arg === '--version' || arg === '-v') return { version: true, preload };
    if (arg === '-r' || arg === '--require') {
      index += 1;
      preload.push(args[index]);
    } else if (!arg.startsWith('-')) {
      return { version: false, preload, target: path.resolve(arg) };
    }
  }
  return { version: false, preload };
}

/** The file to run: a folder names it in its package.json, which also names the app. */
function entryOf(target) {
  if (!statSync(target).isDirectory()) return target;
  const manifest = JSON.parse(readFileSync(path.join(target, 'package.json'), 'utf8'));
  if (manifest.productName ?? manifest.name) app.setName(manifest.productName ?? manifest.name);
  if (manifest.version) app.setVersion(manifest.version);
  app.setAppPath(target);
  return path.join(target, manifest.main ?? 'index.js');
}

function fail(error) {
  process.stderr.write(`The app could not be started: ${error?.stack ?? error}\n`);
  process.exit(1);
}

const { version, preload, target } = parse(process.argv.slice(1));
if (version) {
  process.stdout.write(`v${process.versions.electron}\n`);
  process.exit(0);
}
try {
  const require = createRequire(import.meta.url);
  for (const module of preload) require(path.resolve(module));
  if (target === undefined) throw new Error('No app was named. Say: electron FOLDER');
  // Awaited, or Electron becomes ready before the app's own first lines have run and it is too late for some of its settings.
  await import(pathToFileURL(entryOf(target)).href);
} catch (error) {
  fail(error);
}
