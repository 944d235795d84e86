/**
 * The public vectors once more on the other runtime of a seat: Electron's Node, whose cryptography is BoringSSL's. Nothing of the
 * record is sealed or verified there today; what would change hands must mean the same. The console verifies nothing in a browser.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { VECTORS_NEEDED, vectorsPresent } from '../audit/vectors.ts';

const root = join(import.meta.dirname, '..', '..');
const electron = join(
  root,
  'node_modules',
  'electron',
  'dist',
  readFileSync(join(root, 'node_modules', 'electron', 'path.txt'), 'utf8').trim(),
);
const FILES = [
  'crypto/vectors.test.ts',
  'crypto/ed25519.test.ts',
  'core/audit/merkle.vectors.test.ts',
  'core/audit/tiles.test.ts',
  'core/audit/codecs.property.test.ts',
];
const Report = Type.Object({
  numTotalTests: Type.Integer(),
  numPassedTests: Type.Integer(),
  numFailedTests: Type.Integer(),
  numPendingTests: Type.Integer(),
});

test.skipIf(!vectorsPresent)(`all vectors hold on Electron's Node ${VECTORS_NEEDED}`, () => {
  // Not a test run inside this one: what this runner says to its own children is left out.
  const outer = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_|TEST$|DEV$|PROD$|MODE$|BASE_URL$|SSR$)/.test(name));
  const env = { ...Object.fromEntries(outer), ELECTRON_RUN_AS_NODE: '1', NO_COLOR: '1' };
  const versions = spawnSync(electron, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8', env });
  expect(JSON.parse(versions.stdout)).toHaveProperty('electron');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'wardlock-vectors-'));
  try {
    const file = join(folder, 'report.json');
    const args = ['run', '--project', 'unit', '--reporter=json', `--outputFile=${file}`, ...FILES];
    const run = spawnSync(electron, [vitest, ...args], { encoding: 'utf8', env, cwd: root });
    expect(run.status, `${run.stdout}${run.stderr}`).toBe(0);
    const report = Value.Parse(Report, JSON.parse(readFileSync(file, 'utf8')));
    expect(report).toMatchObject({ numFailedTests: 0, numPendingTests: 0, numPassedTests: report.numTotalTests });
    expect(report.numPassedTests).toBeGreaterThan(20);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
