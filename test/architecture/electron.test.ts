/**
 * The screens must run on the oldest Electron that development uses (33), while the types are those of the pinned one: what 33
 * lacks is not used.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, trackedFiles } from './support.ts';

/** Newer than Electron 33, with a use that must be found. */
const tooNew: readonly (readonly [RegExp, string])[] = [
  [/\bregisterPreloadScript\b/, "session.registerPreloadScript({ type: 'frame' })"],
  [/\bsafeStorage\s*\.\s*\w+Async\b/, "await safeStorage.encryptStringAsync('x')"],
  [/\bisContentProtected\b/, 'win.isContentProtected()'],
  [/\bsetSuspended\b/, 'globalShortcut.setSuspended(true)'],
  [/\bfocusedFrame\b/, 'webContents.focusedFrame'],
];

const sources = trackedFiles().filter((file) => /^(main|preload)\/.*\.ts$/.test(file));

test.each(tooNew)('%s is not used', (api, use) => {
  expect(use).toMatch(api);
  expect(sources.length).toBeGreaterThan(5);
  expect(sources.filter((file) => api.test(readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
});

test('no module of main waits at its top level for the app to be ready: that deadlocks Electron 33', () => {
  const waits = /^await\s+app\.whenReady\(\)/m;
  expect('await app.whenReady();').toMatch(waits);
  expect(sources.filter((file) => waits.test(readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
});
