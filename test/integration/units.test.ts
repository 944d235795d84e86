/**
 * The service units of a packaged seat, judged by systemd itself; and what they promise in common, read from them. They are not
 * installed here: a copy names the programs of this test instead of /opt.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const checkout = resolve(import.meta.dirname, '../..');
const source = join(checkout, 'build', 'package', 'units');
const INSTALLED = '/opt/Wardlock';
const ANALYZE = '/usr/bin/systemd-analyze';
const names = readdirSync(source).filter((name) => name.endsWith('.service'));
const textOf = (name: string): string => readFileSync(join(source, name), 'utf8');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wl-units-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The copy, with a program wherever one is started. */
function copyUnits(change: (name: string, text: string) => string = (_, text) => text): readonly string[] {
  return names.map((name) => {
    const text = change(name, textOf(name)).replaceAll(INSTALLED, folder);
    for (const [, program = ''] of text.matchAll(/^Exec\w+=\+?(\S+)/gmu)) {
      if (!program.startsWith(folder)) continue;
      mkdirSync(dirname(program), { recursive: true });
      writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    }
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  });
}

function verify(files: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(ANALYZE, ['verify', '--man=no', '--recursive-errors=no', ...files], { encoding: 'utf8' });
  return { code: status, said: stdout + stderr };
}

describe('the units of a seat', () => {
  test('are what systemd takes, without a word', (context) => {
    context.skip(!existsSync(ANALYZE), 'needs systemd-analyze');
    expect(verify(copyUnits())).toEqual({ code: 0, said: '' });
    const wrong = copyUnits((name, text) => (name === 'wardlock-agent.service' ? text.replace('Type=exec', 'Typo=exec') : text));
    expect(verify(wrong).said).toContain('Typo');
  });

  test('start files that a package carries, and end of what crashes is limited', () => {
    expect(names).toEqual(
      expect.arrayContaining(['wardlock-agent.service', 'wardlock-display.service', 'wardlock-syncer.service', 'wardlock-ui.service']),
    );
    for (const name of names) {
      const text = textOf(name);
      for (const [file = ''] of text.matchAll(/\/opt\/Wardlock\/resources\/seat\/\S+\.ts/gu)) {
        const place = join(checkout, file.replace('/opt/Wardlock/resources/seat/', ''));
        expect(existsSync(place), `${name} starts ${file}`).toBe(true);
      }
      expect(text, name).toMatch(/^Restart=always$/mu);
      expect(text, name).toMatch(/^StartLimitIntervalSec=\d+$/mu);
      expect(text, name).toMatch(/^LimitCORE=0$/mu);
    }
  });

  test('are spared where memory runs out: the agent the longest, then the screens with their display, and applications not at all', () => {
    const scoreOf = (name: string): number => Number(/^OOMScoreAdjust=(-?\d+)$/mu.exec(textOf(`wardlock-${name}.service`))?.[1] ?? 0);
    for (const screens of ['display', 'ui']) {
      expect(scoreOf('agent')).toBeLessThan(scoreOf(screens));
      expect(scoreOf(screens)).toBeLessThan(0);
    }
  });

  test('restore the system before and after the agent, check the package before the screens, and give the agent no network', () => {
    const agent = textOf('wardlock-agent.service');
    for (const when of ['ExecStartPre', 'ExecStopPost'])
      expect(agent).toMatch(new RegExp(`^${when}=.* agent verify-restored --restore `, 'mu'));
    expect(agent).toMatch(/^RestrictAddressFamilies=AF_UNIX AF_NETLINK$/mu);
    expect(textOf('wardlock-ui.service')).toMatch(/^ExecStartPre=\+.*check-program\.ts$/mu);
    // Who runs what stands in one place more: the users that a package makes.
    const users = readFileSync(join(source, 'wardlock.sysusers'), 'utf8');
    const all = names.map(textOf).join('\n');
    const used = [...all.matchAll(/(?:User=|-user |electron |display )(wardlock-[a-z0-9-]+)(?=\s)/gu)].map(([, user]) => user);
    expect(new Set(used).size).toBeGreaterThan(3);
    for (const user of used) expect(users).toContain(`u ${user} `);
  });
});
