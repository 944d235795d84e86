/** What makes a policy the one in force, and every reason for which the one in force stays: with real signatures and files. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DIRECTORY_TYPE, POLICY_TYPE } from '../../contract/seat-api.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { NO_MACHINE } from '../../core/policy/never-brick.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import { testPolicy } from '../../test/support/policy.ts';
import { policyVerifier } from './envelope.ts';
import { PolicyStore } from './policy-store.ts';

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64');
const recipient = (): string => base64(nodeCrypto.hpkePublicKey(nodeCrypto.random(32)));
const recipients = { reader: recipient(), escrow: recipient() };
const signer = nodeCrypto.signer(nodeCrypto.random(32));
const stranger = nodeCrypto.signer(nodeCrypto.random(32));
const NOW_MS = Date.parse('2030-01-01T00:00:00Z');

const policy = (version: number, change: Partial<PolicyDocument> = {}): PolicyDocument => testPolicy(version, recipients, change);

function signed(document: PolicyDocument | string, by = signer, payloadType: string = POLICY_TYPE): Uint8Array {
  const payload = new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document));
  const keyid = createHash('sha256').update(by.publicKey).digest('hex');
  const sig = base64(by.sign(preAuthenticationEncoding(payloadType, payload)));
  return new TextEncoder().encode(JSON.stringify({ payloadType, payload: base64(payload), signatures: [{ keyid, sig }] }));
}

let folder: string;
let path: string;
let recorded: string[];
let failure: Error | null;
let highest = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-policy-'));
  path = join(folder, 'policy.json');
  recorded = [];
  failure = null;
  highest = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): PolicyStore {
  return new PolicyStore({
    own: () => NO_MACHINE,
    path,
    tenant: 'site',
    verify: policyVerifier([base64(signer.publicKey)]),
    wallMs: () => NOW_MS,
    highest: () => highest,
    raiseHighest: (version) => {
      highest = version;
    },
    record: async (next, replaces) => {
      if (failure !== null) throw failure;
      // The record comes first: neither the file nor the policy in force may have changed yet.
      recorded.push(`${replaces} -> ${next.version}, ${existsSync(path) ? 'file' : 'no file'}`);
    },
    recordRefusal: (code, offered, kept) => recorded.push(`${code} ${offered ?? '?'}, kept ${kept}`),
  });
}

describe('a policy that is in order', () => {
  test('is recorded, then stored, then in force, and still there after a restart', async () => {
    const store = open();
    expect(store.current).toBeNull();
    expect(await store.offer(signed(policy(1)))).toEqual({ outcome: 'applied', version: 1 });
    expect(recorded).toEqual(['0 -> 1, no file']);
    expect(await store.offer(signed(policy(2)))).toEqual({ outcome: 'applied', version: 2 });
    const again = open();
    expect(again).toMatchObject({ version: 2, wasBroken: false });
    expect(again.current).toEqual(store.current);
  });

  test('is one event however often it is offered', async () => {
    const store = open();
    await store.offer(signed(policy(1)));
    expect(await store.offer(signed(policy(1)))).toEqual({ outcome: 'unchanged', version: 1 });
    expect(recorded).toHaveLength(1);
  });

  test('is not in force where that could not be recorded', async () => {
    const store = open();
    await store.offer(signed(policy(1)));
    failure = new WardlockError('AUDIT_APPEND_FAILED');
    expect(await store.offer(signed(policy(2)))).toMatchObject({ outcome: 'refused', code: 'AUDIT_APPEND_FAILED' });
    expect(store.version).toBe(1);
    expect(open().version).toBe(1);
  });
});

describe('refused, with the one in force kept', () => {
  const text = JSON.stringify(policy(5));
  const tampered = (): Uint8Array => {
    const envelope: { payload: string } = JSON.parse(new TextDecoder().decode(signed(policy(5))));
    return new TextEncoder().encode(JSON.stringify({ ...envelope, payload: base64(text.replace('Records', 'Recordz')) }));
  };
  const refusals: readonly (readonly [string, () => Uint8Array, string])[] = [
    ['no envelope', () => new TextEncoder().encode('{'), 'POLICY_UNSIGNED ?'],
    ['not even text', () => new Uint8Array([0xff, 0x00, 0xfe]), 'POLICY_UNSIGNED ?'],
    ['signed by a stranger', () => signed(policy(5), stranger), 'POLICY_UNSIGNED ?'],
    ['altered after it was signed', tampered, 'POLICY_UNSIGNED ?'],
    ['signed as something else', () => signed(policy(5), signer, DIRECTORY_TYPE), 'POLICY_UNSIGNED ?'],
    ['half a document', () => signed(text.slice(0, 80)), 'POLICY_MALFORMED ?'],
    ['with a field that nobody knows', () => signed(JSON.stringify({ ...policy(5), shell: true })), 'POLICY_MALFORMED ?'],
    ['with nothing to start', () => signed(policy(5, { apps: [] })), 'POLICY_EMPTY ?'],
    [
      'that denies a part of the seat',
      () => signed(policy(5, { rules: [{ id: 'd', effect: 'deny', paths: ['/usr/sbin/pcscd'] }] })),
      'POLICY_BRICKS ?',
    ],
    ['of another site', () => signed(policy(5, { tenant: 'other' })), 'POLICY_WRONG_TENANT 5'],
    ['older', () => signed(policy(2)), 'POLICY_OLDER 2'],
    ['another one of the same version', () => signed(policy(3, { helpdesk: 'IT, 4712' })), 'POLICY_OLDER 3'],
    ['over already', () => signed(policy(5, { expiresAt: '2029-12-31T23:59:59Z' })), 'POLICY_EXPIRED 5'],
  ];
  test.each(refusals)('%s', async (_name, make, says) => {
    const store = open();
    await store.offer(signed(policy(3)));
    const before = { current: store.current, file: readFileSync(path, 'utf8') };
    expect(await store.offer(make())).toMatchObject({ outcome: 'refused', code: says.split(' ')[0] });
    expect(recorded.at(-1)).toBe(`${says}, kept 3`);
    expect({ current: store.current, file: readFileSync(path, 'utf8') }).toEqual(before);
  });
});

test('a stored policy that somebody changed is no policy: it is set aside, and the next good one heals the seat', async () => {
  await open().offer(signed(policy(3)));
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"sig":"./u, '"sig":"!'));
  const store = open();
  expect(store).toMatchObject({ wasBroken: true, current: null, version: 0 });
  expect(existsSync(path)).toBe(false);
  expect(existsSync(`${path}.broken`)).toBe(true);
  expect(await store.offer(signed(policy(3)))).toEqual({ outcome: 'applied', version: 3 });
  expect(open()).toMatchObject({ wasBroken: false, version: 3 });
});
