/**
 * `agent verify-restored` on the command line: it finds what a crashed agent left, and puts it back.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAuditStatus } from '../../agent/os/audit-netlink.ts';
import { rootTest } from '../support/root.ts';

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'wl-restored-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

function verify(...args: readonly string[]): { readonly code: number | null; readonly text: string } {
  const program = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
  const { status, stdout } = spawnSync(process.execPath, [program, 'agent', 'verify-restored', '--state', state, ...args], {
    encoding: 'utf8',
  });
  return { code: status, text: stdout };
}

function leave(id: string, former: string, wanted: string): void {
  const entries = [{ id, former, wanted }];
  writeFileSync(join(state, 'restrictions.json'), JSON.stringify({ format: 'wardlock-restrictions/1', entries }));
}

describe('agent verify-restored', () => {
  test('says so when nothing is left', () => {
    expect(verify()).toEqual({ code: 0, text: 'Every setting of the operating system is as it was before.\n' });
  });

  test('names each setting that a crashed agent left, with what it was', () => {
    leave('audit.enabled', '0', '1');
    expect(verify()).toEqual({ code: 1, text: 'audit.enabled: was 0, was set to 1, and was not put back\n' });
  });

  rootTest('puts back what is left', () => {
    const present = String(readAuditStatus().enabled);
    leave('audit.enabled', present, present);
    expect(verify('--restore').code).toBe(0);
    expect(verify().code).toBe(0);
    expect(String(readAuditStatus().enabled)).toBe(present);
  });
});
