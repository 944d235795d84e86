/** The seat without root, real programs and a real launcher: whether a policy that wants every layer is heeded. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PolicyDocument } from '../../policies/schema.ts';
import { testDocument } from '../seat/test-document.ts';
import { DegradedLauncher } from './degraded/launcher.ts';
import type { Launcher } from './port.ts';
import { StrictLauncher } from './strict.ts';

const path = realpathSync('/bin/true');
const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
const spec = { sessionId: 's', appId: 'a', path, sha256, args: [], env: {}, children: [] };
const strict: PolicyDocument = { ...testDocument, failures: { enforcementMissing: 'refuse' } };
let folder = '';
let policy: PolicyDocument | null;
let launcher: Launcher;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-strict-'));
  policy = null;
  const inner = new DegradedLauncher({ runFolder: folder, stateFolder: folder, log: () => {} });
  launcher = new StrictLauncher(inner, () => policy);
  launcher.openSession({ sessionId: 's' });
});
afterEach(async () => {
  await launcher.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a policy that says nothing leaves a seat without root in its named degraded mode', async () => {
  policy = testDocument;
  expect(launcher.mode.name).toBe('degraded.no-root');
  const prepared = await launcher.prepare(spec);
  expect(prepared).toMatchObject({ ok: true, sha256 });
  if (prepared.ok) launcher.discard(prepared);
});

test('where it wants every layer nothing is started, and the missing ones are named as before', async () => {
  const { missing } = launcher.mode;
  policy = strict;
  expect(launcher.mode).toEqual({ name: 'refusing', missing });
  const refused = { ok: false, reason: 'enforcement-missing', detail: expect.stringContaining('landlock') };
  expect(await launcher.prepare(spec)).toMatchObject(refused);
  expect(await launcher.openDesktop('s', { display: ':0', windowId: 1, width: 1, height: 1 })).toMatchObject(refused);
});

test('what was prepared under a milder policy does not start under this one', async () => {
  const prepared = await launcher.prepare(spec);
  policy = strict;
  expect(prepared.ok && (await launcher.start(prepared, () => {}))).toMatchObject({ ok: false, reason: 'enforcement-missing' });
});
